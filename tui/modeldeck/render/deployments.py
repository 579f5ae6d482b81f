"""Truth rows as cells: what the template, the alias and the pods say, side by side."""

from __future__ import annotations

from modeldeck.domain.status.serving_row import Code, ServingRow
from modeldeck.render import numbers
from modeldeck.render.cell import Cell, Role

SLOW = 1.0
"""A p99 above this many seconds is shown as a warning: a screen's colour, not a gate's verdict."""
FAULTY = 0.01
"""An error ratio above this is shown as bad."""


def sign(row: ServingRow) -> str:
    """`!` where the row disagrees with itself, `?` where nothing links it to a model."""
    if row.disagreements:
        return "!"
    return "?" if row.link is None else " "


def name(row: ServingRow) -> Cell:
    """`▲ iris` while an alert fires for it, `△ iris` while one is pending. One that is silenced is told in the detail only."""
    loud = [alert for alert in row.alerts or () if not alert.silenced]
    if not loud:
        return Cell(row.deployment)
    firing = any(alert.firing for alert in loud)
    return Cell(f"{'▲' if firing else '△'} {row.deployment}", "bad" if firing else "warn")


def version(text: str | None) -> str:
    """`v7`; the version of nobody knows what is a dash."""
    return f"v{text}" if text is not None else numbers.NONE


def pods(row: ServingRow) -> Cell:
    role: Role = "ok" if row.ready >= row.desired and row.desired else "warn"
    return Cell(f"{row.ready}/{row.desired}", role)


def spec(row: ServingRow) -> Cell:
    if row.link is None:
        return Cell(numbers.NONE, "muted")
    return Cell(version(row.spec_version), "version")


def alias(row: ServingRow) -> Cell:
    differs = any(d.code in (Code.ALIAS_DIFFERS, Code.ALIAS_MOVED, Code.ALIAS_MISSING) for d in row.disagreements)
    return Cell(version(row.alias_version), "warn" if differs else "alias" if row.alias_version else "muted")


def live(row: ServingRow) -> Cell:
    """What the pods serve: `v7`, or `v6+v7` while both do; `?` for pods nobody can tell the version of."""
    names = [version(v.version) if v.version is not None else "?" for v in row.live if v.pods]
    if not names:
        return Cell(numbers.NONE, "muted")
    wrong = len(names) > 1 or (row.spec_version is not None and names != [version(row.spec_version)])
    return Cell("+".join(names), "warn" if wrong else "version")


def p99(row: ServingRow) -> Cell:
    value = row.stats.p99
    role: Role = "muted" if value is None else "warn" if value > SLOW else ""
    return Cell(numbers.duration(value), role)


def errors(row: ServingRow) -> Cell:
    value = row.stats.error_ratio
    role: Role = "muted" if value is None or value == 0 else "bad" if value > FAULTY else "warn"
    return Cell(numbers.ratio(value), role)


def requests(row: ServingRow) -> Cell:
    value = row.stats.requests_per_second
    return Cell(numbers.rate(value), "muted" if value is None else "")


def rollout(row: ServingRow) -> Cell:
    """One word for the column; kubectl's sentence stands in the lineage line and in the deployment's own screen."""
    cells: dict[str, Cell] = {
        "done": Cell("✔", "ok"),
        "progressing": Cell("↻ rolling", "accent"),
        "waiting": Cell("… waiting", "accent"),
        "failed": Cell("✘ failed", "bad"),
    }
    return cells.get(row.rollout.state, Cell(row.rollout.state, "muted"))
