"""Grafana's JSON, of today and of old schemas (`rows`, `graph`, `singlestat`), as a Dashboard. Whatever is of another shape is left out
and said; nothing of a file is believed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from modeldeck.domain.dashboards.dashboard import Dashboard, DashboardPanel, PanelQuery, Unshown, Variable, VariableKind

LARGEST = 8 * 1024 * 1024
"""Bytes. The largest that people publish have two million."""
MOST_PANELS = 500
MOST_TARGETS = 12
"""Queries of one panel."""
MOST_VARIABLES = 60
_LONGEST_TITLE, _LONGEST_QUERY = 200, 20_000

_OVER_TIME = ("timeseries", "graph", "stat", "singlestat", "gauge", "bargauge")
"""Types of panels whose queries are drawn as lines over time."""
_ONE_VALUE = ("stat", "singlestat", "gauge", "bargauge")
_HARMLESS = ("organize", "sortBy", "renameByRegex")
"""Transformations that change no value."""
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
Json = Mapping[str, Any]


class NoDashboard(ValueError):
    """Why a file is none, in words; `line` where it is known, else 0."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


def read_dashboard(data: bytes) -> Dashboard:
    """Raises NoDashboard."""
    body = _decoded(data)
    inner = body.get("dashboard")
    body = inner if isinstance(inner, dict) else body  # as the API hands it out
    if isinstance(body.get("spec"), dict) and "elements" in body["spec"]:
        raise NoDashboard("it is of Grafana's schema v2, which is not read: export it in the classic one")
    if not any(isinstance(body.get(key), list) for key in ("panels", "rows")):
        raise NoDashboard("it is no dashboard of Grafana: it has neither panels nor rows")
    sources = _sources(body)
    variables, left_out = _variables(body)
    panels: list[DashboardPanel] = []
    for row, panel in _panels(body):
        if len(panels) >= MOST_PANELS:
            left_out.append(Unshown(f"panels after the first {MOST_PANELS}", "there are too many"))
            break
        title = _text(panel.get("title"), _LONGEST_TITLE) or "untitled"
        found = _panel(panel, title, row, sources)
        if isinstance(found, str):
            left_out.append(Unshown(title, found))
        else:
            panels.append(found)
            left_out += [Unshown(title, note) for note in found.notes]
    if body.get("annotations") and _queried_annotations(body):
        left_out.append(Unshown("annotations", "they are not asked for"))
    return Dashboard(_text(body.get("title"), _LONGEST_TITLE) or "untitled", tuple(panels), variables, tuple(left_out))


def _decoded(data: bytes) -> Json:
    if len(data) > LARGEST:
        raise NoDashboard(f"it is too large: more than {LARGEST // 1024 // 1024} MB")
    try:
        body = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise NoDashboard("it is not UTF-8 text", data.count(b"\n", 0, error.start) + 1) from None
    except json.JSONDecodeError as error:
        raise NoDashboard(f"it is not JSON: {error.msg}", error.lineno) from None
    except (RecursionError, ValueError):
        raise NoDashboard("it is nested too deep, or holds a number without an end") from None
    if not isinstance(body, dict):
        raise NoDashboard("it is no dashboard of Grafana: it is no object")
    return body


def _text(value: object, most: int) -> str:
    return " ".join(value[: most + 1].split())[:most] if isinstance(value, str) else ""


def _objects(value: object) -> Iterator[Json]:
    yield from (one for one in value if isinstance(one, dict)) if isinstance(value, list) else ()


def _panels(body: Json) -> Iterator[tuple[str, Json]]:
    """Each with the title of its row. A row that is folded up holds its panels, one that is open stands before them."""
    for row in _objects(body.get("rows")):  # before Grafana 5
        for panel in _objects(row.get("panels")):
            yield _text(row.get("title"), _LONGEST_TITLE), panel
    title = ""
    for panel in _objects(body.get("panels")):
        if panel.get("type") != "row":
            yield title, panel
            continue
        title = _text(panel.get("title"), _LONGEST_TITLE)
        for inner in _objects(panel.get("panels")):
            yield title, inner


# ── where a panel's data come from ──


def _sources(body: Json) -> dict[str, str]:
    """Names of inputs and of variables for a data source → its kind."""
    found = {_text(one.get("name"), 80): _text(one.get("pluginId"), 80) for one in _objects(body.get("__inputs"))}
    for one in _objects(_at(body, "templating", "list")):
        if one.get("type") == "datasource":
            found[_text(one.get("name"), 80)] = _text(one.get("query"), 80)
    return found


def _at(body: Json, *path: str) -> object:
    value: object = body
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _kind(source: object, sources: Mapping[str, str]) -> str:
    """ "prometheus", another kind, or "" where nothing says."""
    if isinstance(source, dict):
        kind, uid = _text(source.get("type"), 80), source.get("uid")
        return kind or _kind(uid, sources)
    if not isinstance(source, str) or not source:
        return ""
    named = re.fullmatch(r"\$\{?(\w+)\}?|\[\[(\w+)\]\]", source)
    if named:
        return sources.get(named[1] or named[2], "")
    return source if source.startswith("-- ") or source in ("grafana", "__expr__") else ""


def _panel(panel: Json, title: str, row: str, sources: Mapping[str, str]) -> DashboardPanel | str:
    """Or why it cannot be shown."""
    kind = _text(panel.get("type"), 40)
    if panel.get("libraryPanel") and not panel.get("targets"):
        return "a panel of Grafana's library, which is not in the file"
    if kind not in _OVER_TIME:
        return f"a panel of the type {kind or '?'}"
    if changed := [name for one in _objects(panel.get("transformations")) if (name := _text(one.get("id"), 40)) not in _HARMLESS]:
        return f"its data are transformed ({', '.join(dict.fromkeys(changed))})"
    if own := next((key for key in ("timeShift", "timeFrom") if panel.get(key)), None):
        return f"it has a time of its own ({own} {_text(panel[own], 20)})"
    whole = _kind(panel.get("datasource"), sources)
    targets: list[PanelQuery] = []
    for target in _objects(panel.get("targets")):
        if target.get("hide") is True:
            continue
        of = _kind(target.get("datasource"), sources) or whole
        if of == "__expr__":
            return "it computes with expressions of Grafana's own"
        if of not in ("prometheus", "", "-- Mixed --") or not isinstance(target.get("expr"), str):
            return f"its data are from {of if of not in ('', 'prometheus', '-- Mixed --') else 'another kind of data source'}"
        if target["expr"].strip():
            targets.append(_target(target))
    if not targets:
        return "it has no query"
    notes = []
    if len(targets) > MOST_TARGETS:
        notes.append(f"of its {len(targets)} queries the first {MOST_TARGETS} are shown")
    if any(len(one.expr) > _LONGEST_QUERY for one in targets):
        return "a query of it is too long"
    if isinstance(panel.get("repeat"), str) and panel["repeat"]:
        notes.append(f"shown once, where Grafana repeats it for each value of ${_text(panel['repeat'], 40)}")
    if kind in _ONE_VALUE:
        notes.append(f"shown over time, where Grafana shows one value ({kind})")
    return DashboardPanel(title, row, tuple(targets[:MOST_TARGETS]), _unit(panel), tuple(notes))


def _target(target: Json) -> PanelQuery:
    interval = _text(target.get("interval"), 20)
    return PanelQuery(target["expr"], _text(target.get("legendFormat"), 200), seconds_of(interval) or 0.0)


def seconds_of(text: str) -> float | None:
    """`1m` → 60; None where it is no length of time."""
    found = _DURATION.fullmatch(text.lstrip("<>= "))
    return float(found[1]) * _SECONDS[found[2]] if found else None


def _unit(panel: Json) -> str:
    axes = next(_objects(panel.get("yaxes")), {})
    return next(
        (
            unit
            for one in (_at(panel, "fieldConfig", "defaults", "unit"), axes.get("format"), panel.get("format"))
            if (unit := _text(one, 40))
        ),
        "",
    )


def _queried_annotations(body: Json) -> bool:
    return any(one.get("enable") and not one.get("builtIn") for one in _objects(_at(body, "annotations", "list")))


# ── variables ──


def _variables(body: Json) -> tuple[tuple[Variable, ...], list[Unshown]]:
    found: list[Variable] = []
    left_out: list[Unshown] = []
    for one in _objects(_at(body, "templating", "list")):
        name, kind = _text(one.get("name"), 80), _text(one.get("type"), 40)
        if kind == "datasource":
            continue  # it is always the environment's Prometheus
        if kind not in tuple(VariableKind) or not re.fullmatch(r"\w+", name):
            left_out.append(Unshown(f"variable ${name or '?'}", f"of the type {kind or '?'}"))
        elif len(found) >= MOST_VARIABLES:
            left_out.append(Unshown(f"variables after the first {MOST_VARIABLES}", "there are too many"))
            break
        else:
            found.append(_variable(one, name, VariableKind(kind)))
    return tuple(found), left_out


def _variable(one: Json, name: str, kind: VariableKind) -> Variable:
    query = one.get("query")
    inner = query.get("query") if isinstance(query, dict) else query
    current = _at(one, "current", "value")
    chosen = [value for value in (current if isinstance(current, list) else [current]) if isinstance(value, str) and value]
    return Variable(
        name,
        kind,
        inner[:_LONGEST_QUERY] if isinstance(inner, str) else "",
        _text(one.get("label"), 40),
        one["regex"][:500] if isinstance(one.get("regex"), str) else "",
        one.get("multi") is True,
        one.get("includeAll") is True,
        one["allValue"][:500] if isinstance(one.get("allValue"), str) else "",
        tuple(chosen[:100]),
        one.get("hide") == 2,
    )
