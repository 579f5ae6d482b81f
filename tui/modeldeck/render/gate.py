"""A gate as it is judged: each criterion with its value, bound, baseline and requests, how it went so far, and what is still missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from modeldeck.domain.gates import CriterionResult, Gate, GateVerdict, Judgement, progress
from modeldeck.domain.gates.formatting import shown
from modeldeck.render import numbers
from modeldeck.render.cell import Cell, Line
from modeldeck.render.charts.trend import ROLES, Judged, trend
from modeldeck.render.moves import EMPTY
from modeldeck.render.text import cells, clean, fit

SIGNS = {GateVerdict.PASS: "✔", GateVerdict.FAIL: "✘", GateVerdict.INSUFFICIENT: "?", GateVerdict.ERROR: "!"}

_NAME, _VALUE, _BOUND, _BEFORE, _REQUESTS, _TREND = 21, 7, 8, 7, 4, 8
_FIXED = 3 + _NAME + 1 + _VALUE + 2 + _BOUND + 1 + _BEFORE + 1 + _REQUESTS + 2
"""Cells of a row but for its trend."""


@dataclass(frozen=True, slots=True)
class Judging:
    """A gate at work, or how it was left. `began`: seconds since the epoch; `gate` None: its settings are not known."""

    gate: Gate | None
    judgements: tuple[Judgement, ...]
    began: float
    at_work: bool
    """Whether it is being judged now."""
    holds: bool = False
    """Whether a person is waited for."""
    extended: float = 0.0
    """Seconds that people have given it beyond its own time."""
    outlook: str = ""
    """What it can see, as the plan said."""


def gate_lines(judging: Judging, width: int, now: float, *, dense: bool = False) -> list[Line]:
    """How far it is, then a row a criterion; in rows of two lines where there is no room for one. `dense`: no line is left empty."""
    lines = _progress(judging, now)
    if not judging.judgements:
        return lines
    lines += [] if dense else [EMPTY]
    last = judging.judgements[-1]
    whole = width >= _FIXED + _TREND
    if whole:
        lines.append(_header(width))
    for result in last.criteria:
        history = tuple(_of(result.name, judgement) for judgement in judging.judgements)
        lines += _row(result, history, width) if whole else _tall_row(result, history, width)
        if result.verdict is not GateVerdict.PASS and result.message:
            lines.append((Cell("   "), Cell(result.message, "warn" if judging.holds else ROLES[result.verdict])))
    return lines


def progress_words(judging: Judging, now: float) -> tuple[str, float | None]:
    """(how far it is, seconds until it asks a person): `pass 2 of 3 in a row`. None where that is not known."""
    gate, judged = judging.gate, judging.judgements
    if gate is None:
        return (f"{judged[-1].verdict}: {judged[-1].message}" if judged else "not judged yet"), None
    # Judgements count by a clock of the runner's own; the newest tells how it stood against ours.
    began = judged[-1].at - judged[-1].elapsed if judged else judging.began
    seen = now if judging.at_work else (judged[-1].at if judged else now)
    found = progress(gate, judged, began, seen, extended=judging.extended)
    return found.message, found.time_left if judging.at_work and not judging.holds else None


def _progress(judging: Judging, now: float) -> list[Line]:
    message, left = progress_words(judging, now)
    judged = judging.judgements
    verdict = judged[-1].verdict if judged else None
    sign = Cell(f" {SIGNS[verdict]} ", ROLES[verdict]) if verdict else Cell(" · ", "muted")
    chip = [Cell(f"{verdict.upper()}  ", ROLES[verdict])] if verdict else []
    lines: list[Line] = [(sign, *chip, Cell(_in_short(message, judged[-1]) if judged else message))]
    facts = []
    if judged:
        last = judged[-1]
        window = f"in {numbers.duration(last.window)}" if last.window else ""
        facts += [f"{numbers.count(last.requests)} requests {window}".strip()] if last.requests is not None else []
        facts.append(f"judged {numbers.ago(now - last.at)}")
    if left is not None:
        facts.append(f"{numbers.duration(float(round(left)))} left")
    if facts:
        lines.append((Cell("   "), Cell(" · ".join(facts), "muted")))
    if judging.outlook and judging.at_work:
        lines.append((Cell("   "), Cell(judging.outlook, "muted")))
    return lines


def _in_short(message: str, last: Judgement) -> str:
    """Without the reasons of single criteria, which stand beside them."""
    if not last.criteria:
        return message
    return message.partition(":")[0].removesuffix(str(last.verdict)).rstrip("; ")


def _of(name: str, judgement: Judgement) -> Judged:
    found = next((result for result in judgement.criteria if result.name == name), None)
    return Judged(found.value, found.verdict) if found else Judged(None, GateVerdict.INSUFFICIENT)


def _header(width: int) -> Line:
    texts = (
        ("   ", 3, "left"),
        ("criterion", _NAME + 1, "left"),
        ("now", _VALUE, "right"),
        ("", 2, "left"),
        ("bound", _BOUND + 1, "left"),
        ("before", _BEFORE, "right"),
        ("", 1, "left"),
        ("req", _REQUESTS, "right"),
        ("", 2, "left"),
        ("so far", width - _FIXED, "left"),
    )
    return (Cell("".join(fit(text, room, align) for text, room, align in texts), "muted"),)  # type: ignore[arg-type]


def _row(result: CriterionResult, history: Sequence[Judged], width: int) -> list[Line]:
    role = ROLES[result.verdict]
    return [
        (
            Cell(f" {SIGNS[result.verdict]} ", role),
            Cell(fit(result.name, _NAME) + " "),
            Cell(fit(_figure(result.value, result.unit), _VALUE, "right"), role),
            Cell("  "),
            Cell(fit(_bound(result), _BOUND) + " "),
            Cell(fit(_baseline(result), _BEFORE, "right") + " ", "muted"),
            Cell(fit(numbers.short(result.requests), _REQUESTS, "right") + "  ", "muted"),
            *trend(history, width - _FIXED, limit=result.limit, op=result.op),
        )
    ]


def _tall_row(result: CriterionResult, history: Sequence[Judged], width: int) -> list[Line]:
    role = ROLES[result.verdict]
    value = f"{_figure(result.value, result.unit)}  "
    left = width - 3 - cells(clean(value))
    bound = clean(_bound(result))
    bound = fit(bound, max(1, min(cells(bound), left - 8)))
    room = max(8, left - cells(bound))
    facts = f"  before {_baseline(result)} · {numbers.short(result.requests)} req"
    drawn = max(4, min(width - 3 - cells(facts), 40))
    return [
        (Cell(f" {SIGNS[result.verdict]} ", role), Cell(fit(result.name, room)), Cell(value, role), Cell(bound)),
        (Cell("   "), *trend(history, drawn, limit=result.limit, op=result.op), Cell(facts, "muted")),
    ]


def _bound(result: CriterionResult) -> str:
    return result.bound or numbers.NONE


def _baseline(result: CriterionResult) -> str:
    """Of a ratio of two durations it is the older duration."""
    return _figure(result.baseline, "s" if result.unit == "×" else result.unit)


def _figure(value: float | None, unit: str) -> str:
    """As a gate says it, with no more digits than can be compared at a glance."""
    return f"{value:.3g} {unit}" if value is not None and unit in ("×", "PSI") else shown(value, unit)
