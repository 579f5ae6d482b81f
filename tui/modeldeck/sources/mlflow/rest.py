"""MLflow's tracking half over its documented REST API: what a console opened twenty times a day can afford (importing mlflow costs 2 s)."""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Sequence
from typing import Any

from modeldeck.domain.environments import MlflowTarget
from modeldeck.domain.failures import Forbidden, NotFound, Rejected, Unauthorized
from modeldeck.domain.mlflow.runs import Artifact, Experiment, MetricPoint, Run, RunPage
from modeldeck.sources.common.bounds import PageTokens
from modeldeck.sources.common.edge import raises_failures
from modeldeck.sources.common.shared_answers import Rounds, Shared
from modeldeck.sources.http.credentials import credentials_of
from modeldeck.sources.http.tls import Tls
from modeldeck.sources.http.transport import Answer, Params, Timeouts, Transport
from modeldeck.sources.mlflow import wire as wire
from modeldeck.sources.mlflow.experiments import ExperimentChange, ExperimentFollower
from modeldeck.sources.mlflow.login import told_login
from modeldeck.sources.mlflow.pages import PageSize
from modeldeck.sources.mlflow.rules import BACKEND, FIRST_EXPERIMENT, meant, refuse_file, refuse_nul, thinned

API = "/api/2.0/mlflow"
POINTS_PAGE, MOST_POINTS = 10_000, 100_000
"""Of a history that the server does not sample: 100,000 points are 12 MB. Later ones are left out."""
TIMEOUTS = Timeouts(connect=10.0)
"""A server whose few workers are busy takes no connection for seconds: that is as little an outage as a late answer is."""


def transport_of(target: MlflowTarget) -> Transport:
    """For a target whose `uri` is http(s)."""
    options: dict[str, Any] = {
        "credentials": credentials_of(target.username, target.password, target.token),
        "tls": Tls(verify=not target.insecure_tls, ca_path=target.server_cert_path, cert_path=target.client_cert_path),
        "explain": wire.explain,
        "meant": lambda failure: told_login(meant(failure), target, time.time),
        "timeouts": TIMEOUTS,
    }
    return WorkspaceTransport(target.workspace, target.uri, **options) if target.workspace else Transport(BACKEND, target.uri, **options)


class WorkspaceTransport(Transport):
    """In one workspace. A server without them takes the header and shows what it has, which is somebody else's: it is asked first."""

    def __init__(self, workspace: str, uri: str, **options: Any) -> None:
        super().__init__(BACKEND, uri, headers={"X-MLFLOW-WORKSPACE": workspace}, **options)
        self._workspace, self._has_workspaces = workspace, False

    async def send(self, method: str, path: str, body: object = None, **options: Any) -> Answer:
        if not self._has_workspaces:
            try:
                answer = (await super().send("GET", "/api/3.0/mlflow/server-info", safe=True)).body
            except NotFound:  # before MLflow 3.10
                answer = b"{}"
            if not self.decode(answer, wire.ServerInfo).workspaces_enabled:
                raise Rejected(
                    f"this server has no workspaces, so that {self._workspace} cannot be looked at",
                    hint="unset mlflow.workspace and MLFLOW_WORKSPACE, or start it with --enable-workspaces",
                    backend=BACKEND,
                )
            self._has_workspaces = True
        return await super().send(method, path, body, **options)


@raises_failures(BACKEND)
class RestTracking:
    """`modeldeck.ports.Tracking` over REST."""

    def __init__(self, transport: Transport, shared: Shared | None = None) -> None:
        """`shared`: with whom what is asked again and again is one reading."""
        self._transport = transport
        self._listing, self._searching = Rounds(shared), Rounds(shared)
        self._version: str | None = None
        self._run_pages, self._experiment_pages = PageSize(), PageSize()
        self._samples = True
        """Whether the server samples histories, as far as is known."""
        self._experiments = ExperimentFollower(self._all_experiments, self._changed_experiments)

    async def ping(self) -> str:
        # /version needs no login and passes the host check, so it proves nothing: a real request goes first.
        body = await self._transport.get(f"{API}/experiments/search", params={"max_results": 1})
        self._transport.decode(body, wire.ExperimentsAnswer)
        if self._version is None:
            self._version = await self._ask_version()
        return self._version

    async def _ask_version(self) -> str:
        try:
            body = await self._transport.get("/version")
        except (NotFound, Forbidden, Unauthorized):  # a gateway that lets only the API through
            return ""
        text = body[:40].decode("utf-8", "replace").strip()
        return text if re.fullmatch(r"\d+(\.\w+)+", text) else ""

    async def experiments(self) -> tuple[Experiment, ...]:
        await self._listing.begin()
        return await self._experiments.experiments()

    async def _all_experiments(self) -> tuple[Experiment, ...]:
        return tuple(wire.experiment_of(entry) for entry in await self._experiment_entries({}))

    async def _changed_experiments(self, since: int) -> tuple[ExperimentChange, ...]:
        entries = await self._experiment_entries({"filter": f"last_update_time >= {since}", "view_type": "ALL"})
        return tuple(ExperimentChange(wire.experiment_of(entry), entry.lifecycle_stage == "deleted") for entry in entries)

    async def _experiment_entries(self, given: Params) -> list[wire.ExperimentEntry]:
        tokens, found = PageTokens(BACKEND), dict[str, wire.ExperimentEntry]()
        token: str | None = ""
        while token is not None:
            more: Params = {**given, **({"page_token": token} if token else {})}
            body = await self._experiment_pages.ask(1000, functools.partial(self._get_page, "experiments/search", more))
            answer = self._transport.decode(body, wire.ExperimentsAnswer)
            fresh = [entry for entry in answer.experiments or () if entry.experiment_id not in found]
            found |= {entry.experiment_id: entry for entry in fresh}
            token = tokens.following(answer.next_page_token) if fresh else None
        return list(found.values())

    async def _get_page(self, path: str, params: Params, size: int) -> bytes:
        sized: Params = {**params, "max_results": size}
        return await self._listing.ask(
            repr((path, sorted(sized.items()))), functools.partial(self._transport.get, f"{API}/{path}", params=sized)
        )

    async def search_runs(
        self,
        experiment_ids: Sequence[str],
        *,
        filter_text: str = "",
        order_by: Sequence[str] = (),
        page_size: int = 100,
        page_token: str | None = None,
        again: bool = False,
    ) -> RunPage:
        """An ordering by a metric makes the server read every run of the experiment, and at 100,000 runs it never answers, even after we
        have hung up: the caller decides, knowing the experiment's size. Unordered is newest first.
        """
        refuse_nul(filter_text, *order_by)
        body: dict[str, object] = {"experiment_ids": list(experiment_ids), "run_view_type": "ACTIVE_ONLY"}
        if filter_text:
            body["filter"] = filter_text
        if order_by:
            body["order_by"] = list(order_by)
        if page_token:
            body["page_token"] = page_token

        async def search(size: int) -> bytes:
            sized = {**body, "max_results": size}
            asking = functools.partial(self._transport.post, f"{API}/runs/search", sized, safe=True)
            return await self._searching.ask(repr(sized), asking)

        await self._searching.begin(alone=not again)
        answer = self._transport.decode(await self._run_pages.ask(page_size, search), wire.RunsAnswer)
        return RunPage(tuple(wire.run_of(entry) for entry in answer.runs or ()), answer.next_page_token or None)

    async def run(self, run_id: str) -> Run:
        return wire.run_of(await run_entry(self._transport, run_id))

    async def metric_history(self, run_id: str, metric: str, *, points: int = 320) -> tuple[MetricPoint, ...]:
        """MLflow before 2.10 samples nothing: then whole pages are read, and thinned here."""
        points = max(1, min(points, 2500))
        if self._samples:
            try:
                return await self._sampled(run_id, metric, points)
            except NotFound:
                await self.run(run_id)  # raises where it is the run that is missing, and not the question
                self._samples = False
        return thinned(await self._every_point(run_id, metric), points)

    async def _sampled(self, run_id: str, metric: str, points: int) -> tuple[MetricPoint, ...]:
        # Without a range of steps the server samples over all of them; get-history itself would send every point.
        params: Params = {"run_ids": run_id, "metric_key": metric, "max_results": points}
        body = await self._transport.get(f"{API}/metrics/get-history-bulk-interval", params=params)
        return _in_order(self._transport.decode(body, wire.HistoryAnswer))

    async def _every_point(self, run_id: str, metric: str) -> tuple[MetricPoint, ...]:
        found: list[MetricPoint] = []
        token: str | None = ""
        while token is not None and len(found) < MOST_POINTS:
            params: Params = {
                "run_id": run_id,
                "metric_key": metric,
                "max_results": POINTS_PAGE,
                **({"page_token": token} if token else {}),
            }
            answer = self._transport.decode(await self._transport.get(f"{API}/metrics/get-history", params=params), wire.HistoryAnswer)
            found += _in_order(answer)
            token = answer.next_page_token or None if answer.metrics else None
        return tuple(sorted(found, key=_place))

    async def artifacts(self, run_id: str, path: str = "") -> tuple[Artifact, ...]:
        return await list_artifacts(self._transport, run_id, path)

    async def artifact(self, run_id: str, path: str, *, most: int) -> bytes:
        # The server reads an object store with its own credentials, and words a file that is not there as it likes: the list tells it.
        refuse_file(await list_artifacts(self._transport, run_id, path.rpartition("/")[0]), run_id, path, most)
        return await self._transport.get("/get-artifact", params={"run_uuid": run_id, "path": path}, most=most)


def _in_order(answer: wire.HistoryAnswer) -> tuple[MetricPoint, ...]:
    return tuple(sorted((wire.point_of(entry) for entry in answer.metrics or ()), key=_place))


def _place(point: MetricPoint) -> tuple[int, float]:
    return point.step, point.at


async def run_entry(transport: Transport, run_id: str) -> wire.RunEntry:
    try:
        body = await transport.get(f"{API}/runs/get", params={"run_id": run_id})
    except Forbidden as failure:  # what basic auth says of a run that does not exist, too
        message = f"{failure.message}: there is no run {run_id}, or you lack READ on its experiment"
        raise Forbidden(message, backend=failure.backend, status=failure.status) from None
    return transport.decode(body, wire.RunAnswer).run


async def store_identity(transport: Transport) -> str:
    """What tells the server's store from another one; "" where it does not say."""
    try:
        body = await transport.get(f"{API}/experiments/get", params={"experiment_id": FIRST_EXPERIMENT})
    except (NotFound, Forbidden, Rejected):
        return ""
    made = transport.decode(body, wire.ExperimentAnswer).experiment.creation_time
    return "" if made is None else str(made)


async def list_artifacts(transport: Transport, run_id: str, path: str = "") -> tuple[Artifact, ...]:
    """The whole folder, all pages of it."""
    tokens, found = PageTokens(BACKEND), dict[str, Artifact]()
    token: str | None = ""
    while token is not None:
        params: Params = {"run_id": run_id} | ({"path": path} if path else {}) | ({"page_token": token} if token else {})
        answer = transport.decode(await transport.get(f"{API}/artifacts/list", params=params), wire.FilesAnswer)
        fresh = [wire.artifact_of(entry) for entry in answer.files or () if entry.path not in found]
        found |= {artifact.path: artifact for artifact in fresh}
        token = tokens.following(answer.next_page_token) if fresh else None
    return tuple(found.values())
