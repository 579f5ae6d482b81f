"""Prometheus' HTTP API in front of the stand-in: the same paths, parameters, answers and errors."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from prombed import PrombedError, parse_duration
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from modeldeck.sandbox.prometheus import queries
from modeldeck.sandbox.prometheus.queries import QueryError
from modeldeck.sandbox.prometheus.scrape import Scraper, ScrapeTarget
from modeldeck.sandbox.prometheus.store import SeriesStore

STAND_IN = f"prombed-{version('prombed')} (stand-in)"
_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
Handler = Callable[["Api", QueryParams, Mapping[str, str]], tuple[object, list[str]]]


class Api:
    """The endpoints' answers, as `data` and warnings; QueryError where Prometheus would refuse."""

    def __init__(self, store: SeriesStore, scraper: Scraper) -> None:
        self.store, self.scraper, self.started = store, scraper, time.time()

    def query(self, given: QueryParams, _: Mapping[str, str]) -> tuple[object, list[str]]:
        at = read_time(given, "time", queries.now_ms())
        return limited(queries.instant(self.store, given.get("query", ""), at), given)

    def query_range(self, given: QueryParams, _: Mapping[str, str]) -> tuple[object, list[str]]:
        start, end = read_time(given, "start"), read_time(given, "end")
        if end < start:
            raise QueryError("bad_data", 'invalid parameter "end": end timestamp must not be before start time')
        step = read_step(given)
        if (end - start) // step > queries.MAX_POINTS:
            raise QueryError(
                "bad_data",
                "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)",
            )
        return limited(queries.over_time(self.store, given.get("query", ""), start, end, step), given)

    def series(self, given: QueryParams, _: Mapping[str, str]) -> tuple[object, list[str]]:
        if not given.getlist("match[]"):
            raise QueryError("bad_data", "no match[] parameter provided")
        return limit_list(self._selected(given), given)

    def labels(self, given: QueryParams, _: Mapping[str, str]) -> tuple[object, list[str]]:
        return limit_list(sorted({name for labels in self._selected(given) for name in labels}), given)

    def label_values(self, given: QueryParams, path: Mapping[str, str]) -> tuple[object, list[str]]:
        name = path["name"]
        if not _LABEL.fullmatch(name):
            raise QueryError("bad_data", f'invalid label name: "{name}"')
        return limit_list(sorted({labels[name] for labels in self._selected(given) if name in labels}), given)

    def _selected(self, given: QueryParams) -> list[Mapping[str, str]]:
        """The label sets that match[] (any of them; all, without one) and the time range ask for."""
        start, end = read_time(given, "start", 0), read_time(given, "end", queries.now_ms())
        wanted = [queries.matchers_of(match) for match in given.getlist("match[]")]
        groups = [self.store.matching(matchers) for matchers in wanted] if wanted else [self.store.everything()]
        found = {id(each): each for group in groups for each in group}
        return list(self.store.labels_between(found.values(), start, end))

    def metadata(self, given: QueryParams, _: Mapping[str, str]) -> tuple[object, list[str]]:
        wanted = given.get("metric")
        entries = {
            name: [{"type": entry.type or "unknown", "help": entry.help or "", "unit": entry.unit or ""}]
            for name, entry in sorted(self.scraper.metadata.items())
            if wanted in (None, "", name)
        }
        limit = int(given.get("limit") or -1)
        return (dict(list(entries.items())[:limit]) if limit >= 0 else entries), []

    def targets(self, given: QueryParams, _: Mapping[str, str]) -> tuple[object, list[str]]:
        active = [self._target(each) for each in sorted(self.scraper.health, key=lambda target: target.labels)]
        shown = given.get("state") in (None, "", "any", "active")
        return {"activeTargets": active if shown else [], "droppedTargets": [], "droppedTargetCounts": {}}, []

    def _target(self, target: ScrapeTarget) -> dict[str, object]:
        health, labels = self.scraper.health[target], dict(target.labels)
        interval = f"{self.scraper.interval:g}s"
        return {
            "discoveredLabels": {"__address__": target.address, "__metrics_path__": "/metrics", "__scheme__": "http", **labels},
            "labels": labels,
            "scrapePool": self.scraper.job,
            "scrapeUrl": target.url,
            "globalUrl": target.url,
            "lastError": health.error,
            "lastScrape": datetime.fromtimestamp(health.scraped_at, UTC).isoformat(),
            "lastScrapeDuration": health.duration,
            "health": health.state,
            "scrapeInterval": interval,
            "scrapeTimeout": interval,
        }

    def rules(self, given: QueryParams, _: Mapping[str, str]) -> tuple[object, list[str]]:
        return {"groups": []}, []

    def alerts(self, given: QueryParams, _: Mapping[str, str]) -> tuple[object, list[str]]:
        return {"alerts": []}, []

    def buildinfo(self, given: QueryParams, _: Mapping[str, str]) -> tuple[object, list[str]]:
        return {"version": STAND_IN, "revision": "", "branch": "", "buildUser": "", "buildDate": "", "goVersion": ""}, []

    def runtimeinfo(self, given: QueryParams, _: Mapping[str, str]) -> tuple[object, list[str]]:
        started = datetime.fromtimestamp(self.started, UTC).isoformat()
        return {"startTime": started, "storageRetention": f"{self.store.retention_ms // 60_000}m", "reloadConfigSuccess": True}, []


def read_time(given: QueryParams, name: str, default: int | None = None) -> int:
    """A time parameter, Unix seconds or RFC 3339, in milliseconds."""
    text = given.get(name)
    if not text:
        if default is None:
            raise QueryError("bad_data", f'invalid parameter "{name}": cannot parse "" to a valid timestamp')
        return default
    try:
        seconds = float(text)
    except ValueError:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise _bad(name, f'cannot parse "{text}" to a valid timestamp') from None
        if moment.tzinfo is None:
            raise _bad(name, f'cannot parse "{text}" to a valid timestamp') from None
        seconds = moment.timestamp()
    if not math.isfinite(seconds):
        raise _bad(name, f'cannot parse "{text}" to a valid timestamp')
    return round(seconds * 1000)


def read_step(given: QueryParams) -> int:
    """The step, seconds or a duration, in milliseconds."""
    text = given.get("step", "")
    try:
        step = round(float(text) * 1000)
    except (ValueError, OverflowError):
        try:
            step = int(parse_duration(text)) if text else 0
        except PrombedError:
            step = 0
        if step <= 0:
            raise _bad("step", f'cannot parse "{text}" to a valid duration') from None
    if step <= 0:
        raise _bad("step", "zero or negative query resolution step widths are not accepted. Try a positive integer")
    return step


def _bad(name: str, message: str) -> QueryError:
    return QueryError("bad_data", f'invalid parameter "{name}": {message}')


def limited(data: dict[str, Any], given: QueryParams) -> tuple[object, list[str]]:
    if data["resultType"] not in ("vector", "matrix"):
        return data, []
    rows, warnings = limit_list(data["result"], given)
    return {**data, "result": rows}, warnings


def limit_list(rows: list[Any], given: QueryParams) -> tuple[list[Any], list[str]]:
    try:
        limit = int(given.get("limit") or 0)
    except ValueError:
        limit = -1
    if limit < 0:
        raise _bad("limit", "limit must be non-negative")
    if limit and len(rows) > limit:
        return rows[:limit], ["results truncated due to limit"]
    return rows, []


def answering(api: Api, handler: Handler) -> Callable[[Request], Any]:
    """An endpoint around a handler: reads the parameters, and writes the answer or the refusal as Prometheus does."""

    async def serve(request: Request) -> Response:
        given = request.query_params
        if request.method == "POST":
            # Prometheus reads the form and the URL together; the form's values come first.
            form = QueryParams((await request.body()).decode("utf-8", "replace"))
            given = QueryParams([*form.multi_items(), *given.multi_items()][::-1])
        try:
            data, warnings = await run_in_threadpool(handler, api, given, request.path_params)
        except QueryError as error:
            body = {"status": "error", "errorType": error.kind, "error": error.message}
            return JSONResponse(body, status_code=error.status)
        answer: dict[str, object] = {"status": "success", "data": data}
        if warnings:
            answer["warnings"] = warnings
        return JSONResponse(answer)

    return serve


def saying(text: str) -> Callable[[Request], Any]:
    async def serve(_: Request) -> Response:
        return PlainTextResponse(f"{text}\n")

    return serve


def application(api: Api, lifespan: Any) -> Starlette:
    def endpoint(handler: Handler) -> Callable[[Request], Any]:
        return answering(api, handler)

    form = ["GET", "POST"]
    base = "/api/v1"
    return Starlette(
        routes=[
            Route("/", saying(f"{STAND_IN}: Prometheus' HTTP API over prombed, without its pages.")),
            Route("/-/ready", saying("Prometheus Server is Ready.")),
            Route("/-/healthy", saying("Prometheus Server is Healthy.")),
            Route(f"{base}/query", endpoint(Api.query), methods=form),
            Route(f"{base}/query_range", endpoint(Api.query_range), methods=form),
            Route(f"{base}/series", endpoint(Api.series), methods=form),
            Route(f"{base}/labels", endpoint(Api.labels), methods=form),
            Route(f"{base}/label/{{name}}/values", endpoint(Api.label_values)),
            Route(f"{base}/metadata", endpoint(Api.metadata)),
            Route(f"{base}/targets", endpoint(Api.targets)),
            Route(f"{base}/rules", endpoint(Api.rules)),
            Route(f"{base}/alerts", endpoint(Api.alerts)),
            Route(f"{base}/status/buildinfo", endpoint(Api.buildinfo)),
            Route(f"{base}/status/runtimeinfo", endpoint(Api.runtimeinfo)),
        ],
        lifespan=lifespan,
    )
