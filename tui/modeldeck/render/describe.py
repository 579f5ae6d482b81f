"""One thing in full, as lines: a run, a model version, a deployment with its rollout tree. In kubectl's words where it is kubectl's."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping, Sequence

from modeldeck.domain.alerts.formatting import alert_words
from modeldeck.domain.kubernetes.workloads import Deployment, Event, Pod, ReplicaSet
from modeldeck.domain.links.links import LINK_ANNOTATION, LinkPatterns
from modeldeck.domain.mlflow.registry import ModelVersion
from modeldeck.domain.mlflow.runs import Run, RunDetails
from modeldeck.domain.status.serving_row import ServingRow
from modeldeck.render import deployments, numbers, runs
from modeldeck.render.cell import Cell, Line
from modeldeck.render.charts.sparkline import sparkline
from modeldeck.render.rollout_tree import tree_lines

EMPTY: Line = (Cell(""),)
_NAME = 24
_SPARK = 32


def heading(text: str) -> Line:
    return (Cell(text, "strong"),)


def pair(name: str, *value: Cell) -> Line:
    return (Cell(f"  {name:<{_NAME}} ", "muted"), *value)


def table(values: Mapping[str, str]) -> list[Line]:
    """Names and values, sorted; a value of several lines keeps them."""
    lines: list[Line] = []
    for name, value in sorted(values.items()):
        first, *rest = value.splitlines() or [""]
        lines.append(pair(name, Cell(first)))
        lines += [(Cell(" " * (_NAME + 3) + text),) for text in rest]
    return lines or [(Cell("  none", "muted"),)]


def moment(at: float | None, now: float) -> Cell:
    """A time with its age: `2026-11-23 14:03:21 (2 h ago)`."""
    if at is None:
        return Cell(numbers.NONE, "muted")
    try:
        shown = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
    except (ValueError, OverflowError, OSError):  # a year that no calendar here knows
        return Cell(f"at {at:g} s since 1970", "warn")
    return Cell(f"{shown} ({numbers.ago(now - at)})")


def run_lines(details: RunDetails, versions: Iterable[ModelVersion], now: float) -> list[Line]:
    """A history is drawn where it has more than one point."""
    run, history = details.run, details.history
    registered = [version for version in versions if version.run_id == run.id]
    lines: list[Line] = [
        heading(run.name),
        pair("run id", Cell(run.id)),
        pair("state", runs.status(run)),
        pair("started", moment(run.started_at, now)),
        pair("took", runs.took(run, now), Cell(runs.clocks(run, now), "warn")),
        pair("user", Cell(run.user or numbers.NONE)),
        pair("source", Cell(run.source or numbers.NONE)),
        pair("git commit", Cell(run.git_commit or numbers.NONE)),
        pair("registered as", Cell(", ".join(f"{v.model} v{v.version}" for v in registered) or "not registered", "version")),
        EMPTY,
        heading("Metrics"),
    ]
    for name, value in sorted(run.metrics.items()):
        points = [point.value if math.isfinite(point.value) else None for point in history.get(name, ())]
        drawn = Cell(sparkline(points, _SPARK), "series-1") if len(points) > 1 else Cell("")
        steps = f"  {len(points)} points" if len(points) > 1 else ""
        lines.append(pair(name, Cell(f"{numbers.metric(value):>10}  "), drawn, Cell(steps, "muted")))
    if details.missing is not None:
        lines.append(pair("not drawn", Cell(str(details.missing), "warn"), Cell(f"  {details.missing.hint}", "muted")))
    lines += [EMPTY, heading("Params"), *table(run.params), EMPTY, heading("Data sets")]
    lines += [pair(data.name, Cell(data.digest), Cell(f"  {data.context or ''}", "muted")) for data in run.datasets] or table({})
    lines += [EMPTY, heading("Artifacts")]
    found = [pair("folder" if a.is_dir else numbers.size(a.size), Cell(a.path + ("/" if a.is_dir else ""))) for a in details.artifacts]
    lines += found or table({})
    lines += [EMPTY, heading("Tags"), *table({k: v for k, v in run.tags.items() if not k.startswith("mlflow.log-model")})]
    return lines


def version_lines(version: ModelVersion, run: Run | None, rows: Iterable[ServingRow], now: float) -> list[Line]:
    lines: list[Line] = [
        (Cell(f"{version.model} ", "strong"), Cell(f"v{version.version}", "version")),
        pair("status", Cell(version.status, "ok" if version.status == "READY" else "warn"), Cell(f" {version.status_message}")),
        pair("aliases", Cell(", ".join(version.aliases) or numbers.NONE, "alias")),
        pair("stage", Cell(version.stage)),
        pair("created", moment(version.created_at, now), Cell(f" by {version.user}" if version.user else "")),
        pair("from run", Cell(f"{run.name}  {run.id}" if run else version.run_id or numbers.NONE)),
        pair("source", Cell(version.source)),
        pair("description", Cell(version.description or numbers.NONE)),
        EMPTY,
        heading("Serving"),
    ]
    serving = [(row, live) for row in rows if row.model == version.model for live in row.live if live.version == version.version]
    lines += [
        pair(row.key, Cell(f"{live.ready}/{live.pods} pods ready"), Cell(f"  r{row.revision}", "muted")) for row, live in serving
    ] or [(Cell("  nowhere", "muted"),)]
    if run is not None:
        metrics = {name: numbers.metric(value) for name, value in run.metrics.items()}
        lines += [EMPTY, heading("Metrics of its run"), *table(metrics), EMPTY, heading("Params of its run"), *table(run.params)]
    return [*lines, EMPTY, heading("Tags"), *table(version.tags)]


def deployment_lines(
    deployment: Deployment,
    row: ServingRow | None,
    sets: Sequence[ReplicaSet],
    pods: Sequence[Pod],
    events: Sequence[Event],
    patterns: LinkPatterns,
    now: float,
) -> list[Line]:
    """The rollout tree: Deployment → ReplicaSets by revision, newest first → their pods; then conditions and events."""
    lines: list[Line] = [
        (Cell(deployment.key, "strong"), Cell(f"  revision {deployment.revision}", "muted")),
        pair("replicas", Cell(_replicas(deployment))),
    ]
    if row is not None:
        lines.append(pair("rollout", Cell(row.rollout.message)))
        lines += _link_lines(row)
        lines.append(
            pair("spec / alias / live", deployments.spec(row), Cell(" / "), deployments.alias(row), Cell(" / "), deployments.live(row))
        )
        lines += _alert_lines(row, now)
        lines += [pair("disagrees", Cell(f"! {found.message}", "warn")) for found in row.disagreements]
    cause = deployment.annotations.get("kubernetes.io/change-cause")
    if cause:
        lines.append(pair("change cause", Cell(cause)))
    lines += [EMPTY, heading("Rollout")]
    lines += tree_lines(deployment, sets, pods, patterns, now, kept=len(sets))
    lines += [EMPTY, heading("Conditions")]
    lines += [
        pair(c.type, Cell(f"{c.status:<6}", "ok" if c.status == "True" else "warn"), Cell(f" {c.reason}: {c.message}"))
        for c in deployment.conditions
    ] or table({})
    lines += [EMPTY, heading("Events")]
    lines += [_event_line(event, now) for event in sorted(events, key=lambda event: event.at or 0.0, reverse=True)] or table({})
    return lines


def _link_lines(row: ServingRow) -> list[Line]:
    if row.link is not None:
        lines = [pair("link", Cell(f"{one.how} at {one.slot.where}")) for one in (row.link, *row.link.also)]
    elif row.references:
        lines = [pair("link", Cell(f"which of these serves is not certain; say so with {LINK_ANNOTATION} on the deployment:", "warn"))]
        lines += [pair("", Cell(f"{', '.join(one.places)}: {one.text}")) for one in row.references]
    else:
        lines = [pair("link", Cell("no link to a model version found", "muted"))]
    lines += [pair("", Cell(message, "muted")) for message in row.unread]
    return [*lines, *(pair("the server", Cell(f"calls it {message}", "muted")) for message in row.called)]


def _alert_lines(row: ServingRow, now: float) -> list[Line]:
    if row.alerts is None:
        return [pair("alerts", Cell("not known: not all can be read at the moment", "muted"))]
    return [pair("alert", Cell(alert_words(one, now), "bad" if one.firing and not one.silenced else "warn")) for one in row.alerts]


def _replicas(d: Deployment) -> str:
    paused = " · paused" if d.paused else ""
    return f"{d.desired} desired | {d.updated} updated | {d.replicas} total | {d.available} available | {d.ready} ready{paused}"


def _event_line(event: Event, now: float) -> Line:
    age = numbers.age(None if event.at is None else now - event.at)
    times = f" ×{event.count}" if event.count > 1 else ""
    return (
        Cell(f"  {age:>5}  ", "muted"),
        Cell(f"{event.reason}{times}", "warn" if event.type == "Warning" else ""),
        Cell(f"  {event.message}"),
        Cell(f"  {event.source}", "muted"),
    )


def compare_lines(chosen: Sequence[Run], *, only_different: bool) -> list[Line]:
    """Runs side by side: one line a metric or param, one column a run; what differs is told apart by a sign and not by colour alone."""
    width = max((len(run.name) for run in chosen), default=8) + 2
    lines: list[Line] = [(Cell(f"  {'':<{_NAME}} "), *(Cell(f"{run.name:>{width}}", "strong") for run in chosen)), EMPTY]
    metrics = {name: [run.metrics.get(name) for run in chosen] for run in chosen for name in run.metrics}
    params = {name: [run.params.get(name) for run in chosen] for run in chosen for name in run.params}
    shown = {name: [numbers.metric(value) for value in values] for name, values in metrics.items()}
    texts = {name: [value if value is not None else numbers.NONE for value in values] for name, values in params.items()}
    for title, rows in (("Metrics", shown), ("Params", texts)):
        lines.append(heading(title))
        for name, values in sorted(rows.items()):
            differs = len(set(values)) > 1
            if differs or not only_different:
                sign = Cell("≠ " if differs else "  ", "warn")
                lines.append((sign, Cell(f"{name:<{_NAME}} ", "muted"), *(Cell(f"{value:>{width}}") for value in values)))
        lines.append(EMPTY)
    return lines


def plain_lines(text: str) -> list[Line]:
    """Text as it is, a line a line."""
    return [(Cell(line),) for line in text.splitlines()]
