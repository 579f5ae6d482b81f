"""Prometheus behind prometheus-api-client, in a lane of its own. The package is imported with the first question (0.13 s), in that lane."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from modeldeck.domain.alerts.alert import Alerts
from modeldeck.domain.environments import PrometheusTarget
from modeldeck.domain.failures import Forbidden, Malformed, NotFound, Rejected, TooLarge, Unreachable
from modeldeck.domain.metrics.samples import Matrix, Vector
from modeldeck.domain.metrics.series_scope import SeriesScope
from modeldeck.sources.common.blocking_executor import BlockingExecutor
from modeldeck.sources.common.edge import raises_failures
from modeldeck.sources.http.credentials import credentials_of, inline_credentials
from modeldeck.sources.http.decode import decode
from modeldeck.sources.http.tls import Tls, context_of, refuse_pipe
from modeldeck.sources.prometheus import wire
from modeldeck.sources.prometheus.proxied import ProxiedSession

if TYPE_CHECKING:
    from modeldeck.sources.prometheus.proxied import Way
    from modeldeck.sources.prometheus.session import PrometheusSession

BACKEND = "Prometheus"
PATIENCE = "9s"
"""How long Prometheus itself may work on a query: less than our read timeout, so that its own words arrive."""

DEADLINE = 30.0
"""Seconds that a caller waits at most, queueing included."""


_POINTS = 500_000
"""Of one answer over time. What is drawn has some hundred thousand."""


def most_series(steps: float) -> int:
    """How many series to ask for over so many steps. What is left out Prometheus 3 says in a warning; older servers answer all."""
    return max(100, min(wire.MOST_SERIES, int(_POINTS / max(1.0, steps))))


def _base(url: str) -> str:
    """The address without what stands behind it in a browser, or in an example."""
    for page in ("/api/v1/query", "/api/v1", "/graph"):
        url = url.rstrip("/").removesuffix(page)
    return url


@raises_failures(BACKEND)
class PrometheusMetrics:
    """`modeldeck.ports.Metrics`. Works against Thanos and Mimir too, with the target's headers (`X-Scope-OrgID`). `way`: it is reached
    through the API server's proxy; None: at its own address."""

    def __init__(self, target: PrometheusTarget, way: Way | None = None) -> None:
        self._target = target
        self._proxied = ProxiedSession(way, target.headers) if way is not None else None
        self._url, self._inline = inline_credentials(_base(target.url))
        # A few threads, so that one slow query does not hold up the next pane's; the session under them is shared.
        self._executor = BlockingExecutor(BACKEND, depth=32, threads=6)
        self._building = threading.Lock()
        self._session: PrometheusSession | None = None

    @property
    def scope(self) -> SeriesScope:
        return self._target.scope

    def __repr__(self) -> str:
        return f"PrometheusMetrics({self._url!r})"

    async def ping(self) -> str:
        try:
            return decode(await self._ask("status/buildinfo"), wire.BuildAnswer, backend=BACKEND).told
        except (
            NotFound,
            Forbidden,
            Rejected,
            Malformed,
        ):  # some that speak its API have none, or one of their own; proxies may let only queries through
            await self.query("vector(1)")
            return ""

    async def query(self, promql: str, *, at: float | None = None) -> Vector:
        form = {"query": promql, "timeout": PATIENCE, "limit": str(wire.MOST_SERIES)}
        if at is not None:  # VictoriaMetrics answers what was half a minute before, unless it is told not to; others do not know the word
            form |= {"time": f"{at:.3f}", "nocache": "1"}
        return wire.vector_of(await self._answer("query", form), BACKEND)

    async def samples(self, selector: str, *, seconds: int, at: float) -> Matrix:
        form = {"query": f"{selector}[{seconds}s]", "timeout": PATIENCE, "time": f"{at:.3f}"}
        return wire.without_end_marks(wire.matrix_of(await self._answer("query", form), BACKEND))

    async def query_range(self, promql: str, *, start: float, end: float, step: float) -> Matrix:
        """More than 11,000 steps is Rejected by Prometheus: the caller takes as many as the plot has columns."""
        form = {"query": promql, "start": f"{start:.3f}", "end": f"{end:.3f}", "step": f"{step:g}", "timeout": PATIENCE}
        form["limit"] = str(most_series((end - start) / step))
        return wire.matrix_of(await self._answer("query_range", form), BACKEND)

    async def metric_names(self) -> frozenset[str]:
        answer = decode(await self._ask("label/__name__/values"), wire.NamesAnswer, backend=BACKEND)
        if answer.data is None:
            raise Malformed("unexpected answer: no `data` in it", backend=BACKEND)
        return frozenset(answer.data)

    async def alerts(self) -> Alerts:
        """Pending and firing ones, of the rules that it evaluates itself."""
        return wire.alerts_of(await self._ask("alerts"), BACKEND)

    async def aclose(self) -> None:
        """Never waits for a call that hangs: its thread ends with its timeout, or with the process."""
        self._executor.close()

    async def _answer(self, path: str, form: Mapping[str, str]) -> bytes:
        try:
            return await self._ask(path, form)
        except TooLarge as failure:
            raise TooLarge(failure.message, hint=wire.NARROW, backend=BACKEND) from None

    async def _ask(self, path: str, form: Mapping[str, str] | None = None) -> bytes:
        if self._proxied is not None:
            return await self._proxied.ask(path, form)
        return await self._executor.run(lambda: self._opened().ask(path, form), timeout=DEADLINE)

    def _opened(self) -> PrometheusSession:
        with self._building:
            if self._session is None:
                self._session = self._open()
            return self._session

    def _open(self) -> PrometheusSession:
        from modeldeck.sources.prometheus.session import PrometheusSession

        target = self._target
        if target.ca_path and not Path(target.ca_path).exists():
            raise Unreachable(f"authority certificate not found: {target.ca_path}", hint="check the path", backend=BACKEND)
        try:
            refuse_pipe(target.ca_path)
        except ValueError as error:
            message = f"authority certificate cannot be used: {target.ca_path}: {error}"
            raise Unreachable(message, hint="check the path", backend=BACKEND) from None
        certificate = _certificate(target)
        credentials = credentials_of(target.username, target.password, target.token) or self._inline
        return PrometheusSession(
            self._url,
            headers=target.headers,
            credentials=credentials.static() if credentials else {},
            verify=(target.ca_path or True) if not target.insecure_tls else False,
            certificate=certificate,
        )


def _certificate(target: PrometheusTarget) -> str | tuple[str, str] | None:
    """The client's. Raises Unreachable where it cannot be used: requests would ask the terminal for a pass phrase."""
    if not target.client_cert_path:
        return None
    context_of(Tls(verify=False, cert_path=target.client_cert_path, key_path=target.client_key_path), backend=BACKEND)
    return (target.client_cert_path, target.client_key_path) if target.client_key_path else target.client_cert_path
