"""Prometheus' API through a server that passes requests on: the proxy of a cluster's API server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol
from urllib.parse import urlencode

from modeldeck.domain.environments import Secret
from modeldeck.domain.failures import Failure, InvalidQuery, Rejected, Unreachable
from modeldeck.sources.http.credentials import scrubbed
from modeldeck.sources.prometheus.refusals import BACKEND, METHOD_REFUSED, refusal_of, refuse_page


class Way(Protocol):
    """One that passes a request on, with a login of its own."""

    async def send(
        self,
        method: str,
        path: str,
        *,
        form: bytes | None,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str],
        refused: Callable[[int, bytes, Mapping[str, str]], Failure],
    ) -> bytes:
        """The body of a 2xx; raises what `refused` makes of a refusal by the service, or a Failure of its own backend."""
        ...


class ProxiedSession:
    """Every call answers the whole body of a 2xx, or raises a Failure of Prometheus that tells on which side of the proxy it came to be."""

    def __init__(self, way: Way, headers: Mapping[str, Secret]) -> None:
        self._way = way
        self._headers = headers
        self.gets_only = False
        """Whether the login may only GET there: a role that has no `create` on services/proxy."""

    async def ask(self, path: str, form: Mapping[str, str] | None = None) -> bytes:
        """POSTs `form` where there is one and that is let through, else GETs."""
        if form is not None and not self.gets_only:
            try:
                return await self._sent("POST", path, form)
            except Failure as failure:
                if failure.status not in METHOD_REFUSED or isinstance(failure, InvalidQuery):
                    raise
        try:
            body = await self._sent("GET", path, form)
        except InvalidQuery:  # it came through
            self.gets_only = form is not None
            raise
        self.gets_only = self.gets_only or form is not None
        return body

    async def _sent(self, method: str, path: str, form: Mapping[str, str] | None) -> bytes:
        posts = method == "POST"
        try:
            body = await self._way.send(
                method,
                f"/api/v1/{path}",
                form=urlencode(form or {}).encode() if posts else None,
                params=None if posts else form,
                headers={name: value.reveal() for name, value in self._headers.items()},
                refused=self._refused,
            )
        except Failure as failure:
            raise _told(failure) from None
        refuse_page(body)
        return body

    def _refused(self, status: int, body: bytes, headers: Mapping[str, str]) -> Failure:
        if status == 401:
            message = "it asks for a login of its own, which the API server does not pass on"
            return Rejected(message, hint="give an address at which it is reached directly", backend=BACKEND, status=status)
        sent = (value.reveal() for value in self._headers.values())
        return refusal_of(status, scrubbed(body, sent), headers, host="the API server's proxy")


def _told(failure: Failure) -> Failure:
    """A failure on the way as Prometheus': of its pane, in the words of who caused it."""
    if failure.backend == BACKEND:
        return failure
    message = f"through the API server: {failure.message}"
    return type(failure)(message, hint=failure.hint, backend=BACKEND, retry_after=failure.retry_after, status=failure.status)


class NoWay:
    """Where no cluster is configured whose API server could pass anything on."""

    async def send(
        self,
        method: str,
        path: str,
        *,
        form: bytes | None,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str],
        refused: Callable[[int, bytes, Mapping[str, str]], Failure],
    ) -> bytes:
        hint = "set KUBECONFIG, or kubernetes.kubeconfig or kubernetes.context in the configuration"
        raise Unreachable("its address leads through a cluster's API server, and no cluster is configured", hint=hint, backend=BACKEND)
