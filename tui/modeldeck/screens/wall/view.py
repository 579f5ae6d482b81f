"""What the wall shows of rows and charts: pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from modeldeck.domain.reading import Reading
from modeldeck.domain.status.attention import Attention, attention, loud, slower
from modeldeck.domain.status.serving_row import Code, ServingRow
from modeldeck.live.fleet_charts import STEP, WINDOW, FleetCharts
from modeldeck.render import deployments, numbers
from modeldeck.render.cell import Cell, Line, Role
from modeldeck.render.charts.tile import Tile
from modeldeck.render.text import clean, crop

_SIGNS: dict[Attention, tuple[str, Role]] = {
    Attention.FAILING: ("✘", "bad"),
    Attention.ERRORS: ("!", "bad"),
    Attention.ALERT: ("▲", "bad"),
    Attention.SLOW: ("!", "warn"),
    Attention.UNSETTLED: ("!", "warn"),
    Attention.WELL: (" ", ""),
}
_CHANGING = "↻"
NO_CHARTS = FleetCharts()


@dataclass(frozen=True, slots=True)
class Matching:
    """A filter as tables have it: a text in any case, `!` turns it around."""

    text: str = ""

    def holds(self, row: ServingRow) -> bool:
        needle = self.text.removeprefix("!").strip().lower()
        if not needle:
            return True
        told = f"{row.key} {row.model or ''} {_version(row)}".lower()
        return (needle in told) is not self.text.startswith("!")


def levels(rows: Collection[ServingRow], charts: FleetCharts) -> dict[str, Attention]:
    return {row.key: attention(row, charts.past_p99.get(row.key)) for row in rows}


def tile(row: ServingRow, level: Attention, charts: FleetCharts) -> Tile:
    """`level`: where it stands, which it may have been put to a while ago."""
    sign, role = _SIGNS[level]
    changing = row.rollout.state in ("progressing", "waiting") or row.operation is not None or len(row.live) > 1
    if changing and level is not Attention.FAILING:
        sign, role = _CHANGING, role or "accent"
    p99 = deployments.p99(row)
    if slower(row, charts.past_p99.get(row.key)) is not None:
        p99 = Cell(p99.text, "warn")
    version = deployments.live(row) if row.live else deployments.spec(row)
    return Tile(
        key=row.key,
        sign=sign,
        role=role,
        version=Cell(crop(clean(version.text), 12), version.role),
        pods=deployments.pods(row),
        p99=p99,
        requests=deployments.requests(row),
        errors=deployments.errors(row),
        points=points(charts, row.key),
        reason=reason(row, charts),
        empty="no p99" if row.key in charts.asked else "",
    )


def reason(row: ServingRow, charts: FleetCharts) -> str:
    """Why it wants attention, in the words of whoever found it; "" where it does not now."""
    if (found := next((each for each in row.disagreements if each.code is Code.NOT_SERVING), None)) is not None:
        return found.message
    if row.rollout.state == "failed":
        return "its rollout has failed"
    level = attention(row, charts.past_p99.get(row.key))
    if level is Attention.ALERT:
        first, *others = loud(row)
        return f"{first.name[:40] or 'an alert without a name'} fires{f', and {len(others)} more' if others else ''}"
    if row.ready < row.desired:
        return f"{row.desired - row.ready} of {row.desired} pods not ready"
    if level is Attention.ERRORS:
        return f"{numbers.ratio(row.stats.error_ratio)} of the requests fail"
    times = slower(row, charts.past_p99.get(row.key))
    if times is not None:
        return f"p99 {times:.1f} × its last half hour ({numbers.duration(charts.past_p99[row.key])})"
    if row.disagreements:
        return row.disagreements[0].message
    return row.rollout.message if row.rollout.state != "done" else ""


def points(charts: FleetCharts, key: str) -> tuple[tuple[float, float | None], ...]:
    """At even steps over the whole window; None where there is no value."""
    known = {round(at): value for at, value in charts.p99.get(key, ())}
    if not known:
        return ()
    count = round(WINDOW / STEP)
    moments = (charts.end - STEP * back for back in range(count, -1, -1))
    return tuple((at, known.get(round(at))) for at in moments)


def figure(shown: Sequence[Attention], first: int, page: int) -> str:
    """`2 want attention · 1–24 of 100`."""
    count = len(shown)
    wanting = sum(level is not Attention.WELL for level in shown)
    parts = [f"{wanting} want{'s' if wanting == 1 else ''} attention"] if wanting else ["all well"] if count else []
    if count > page:
        parts.append(f"{first + 1}–{min(count, first + page)} of {count}")
    return " · ".join(parts)


def trouble_lines(stats: Reading[object] | None, charts: Reading[FleetCharts], now: float, gaps: Sequence[str]) -> tuple[Line, ...]:
    """One line at the foot: why figures or charts are missing, old or in doubt."""
    for reading, what in ((stats, "figures are not known"), (charts, "charts are old")):
        if reading is not None and reading.failure is not None:
            since = f" since {numbers.age(reading.age(now))}" if reading.fetched_at is not None else ""
            hint = f" ({reading.failure.hint})" if reading.failure.hint else ""
            return ((Cell("! ", "warn"), Cell(f"{reading.failure}: {what}{since}{hint}", "warn")),)
    told = (*gaps, *(charts.value.warnings if charts.value is not None else ()))
    if not told:
        return ()
    more = f" (and {len(told) - 1} more)" if len(told) > 1 else ""
    return ((Cell("! ", "warn"), Cell(f"{told[0]}{more}", "warn")),)


def _version(row: ServingRow) -> str:
    return " ".join(f"v{one.version}" for one in row.live if one.version is not None)
