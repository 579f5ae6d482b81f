"""A Service behind the API server's proxy, reached with the cluster's own login."""

from __future__ import annotations

from collections.abc import Mapping

from modeldeck.domain.failures import Failure, Faulty, Forbidden, NotFound
from modeldeck.domain.kubernetes.service_address import ServiceAddress
from modeldeck.sources.http.http_errors import refusal
from modeldeck.sources.http.transport import Refused
from modeldeck.sources.kubernetes import BACKEND, responses
from modeldeck.sources.kubernetes.connection import Connection

VERBS = {"GET": "get", "POST": "create"}
"""What the API server asks of a role for the methods that go through its proxy."""


class ServiceProxy:
    """One Service. The connection is shared with who else asks the API server: one login, one plug-in run."""

    def __init__(self, connection: Connection, address: ServiceAddress) -> None:
        self._connection = connection
        self.address = address

    async def send(
        self, method: str, path: str, *, form: bytes | None, params: Mapping[str, str] | None, headers: Mapping[str, str], refused: Refused
    ) -> bytes:
        """One request that only reads. `refused` says what a refusal by the service itself is; that of the API server is a Failure of
        BACKEND, which names the verb and the resource that are missing."""

        def told(status: int, body: bytes, fields: Mapping[str, str]) -> Failure:
            return self._of_api_server(method, status, body, fields) if responses.explain(body) else refused(status, body, fields)

        whole = {**headers, **({"Content-Type": "application/x-www-form-urlencoded"} if form is not None else {})}
        where = self.address.proxy_path + path
        answer = await self._connection.using(
            lambda transport: transport.send(method, where, form, params=params, headers=whole, safe=True, refused=told)
        )
        return answer.body

    def _of_api_server(self, method: str, status: int, body: bytes, fields: Mapping[str, str]) -> Failure:
        found = refusal(status, body, fields, backend=BACKEND, host="", explain=responses.explain)
        here = self.address
        if isinstance(found, Forbidden):
            hint = f"ask for a role that grants the verb {VERBS[method]} on services/proxy in the namespace {here.namespace}"
        elif isinstance(found, NotFound):
            hint = f"is that its name? kubectl get services --namespace {here.namespace}"
        elif isinstance(found, Faulty) and status == 503:
            hint = (
                f"is the service's pod ready, and {here.port} its port? kubectl describe service {here.name} --namespace {here.namespace}"
            )
        else:
            return found
        return type(found)(found.message, hint=hint, backend=BACKEND, retry_after=found.retry_after, status=status)
