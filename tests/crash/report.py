"""The table of cases and outcomes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tests.crash.crash import Told
from tests.crash.faults import AT_CHANGES, LEGEND

_SIGNS = {"done": "D", "undone": "U"}
OUTCOMES = "D done   U undone   F undo refused past the commit, finished   X broken   - its point did not come   . not a case"


def sign(told: Told) -> str:
    if not told.good:
        return "X"
    if told.passed_by:
        return "-"
    return "F" if told.finished_instead else _SIGNS.get(told.outcome, "?")


def table(told: Sequence[Told]) -> Iterable[str]:
    """Lines: for each scenario a row a point, a column a fault."""
    yield LEGEND
    yield OUTCOMES
    columns = [fault.name for fault in AT_CHANGES]
    for scenario in dict.fromkeys(one.case.scenario for one in told if one.case.point):
        mine = [one for one in told if one.case.scenario == scenario and one.case.point]
        found = {(one.case.point, one.case.fault.name): sign(one) for one in mine}
        yield ""
        yield f"{scenario.name:44}" + "".join(f"{name:>5}" for name in columns)
        for point in dict.fromkeys(one.case.point for one in mine):
            yield f"  {point:42}" + "".join(f"{found.get((point, name), '.'):>5}" for name in columns)


def summary(told: Sequence[Told], seconds: float, left_out: int = 0) -> Iterable[str]:
    counted = {text: sum(sign(one) == text for one in told) for text in "DUFX-"}
    answered, failed = sum(one.answered for one in told), sum(sum(one.failed.values()) for one in told)
    yield (
        f"{len(told)} cases in {seconds / 60:.1f} min: {counted['D']} done, {counted['U']} undone, "
        f"{counted['F']} finished instead of undone, "
        f"{counted['X']} broken, {counted['-']} whose point did not come; {answered} requests to the models, {failed} failed"
    )
    if left_out:
        yield f"{left_out} more were left out: they come with other seeds, or with more time"
    for one in told:
        for message in one.wrong:
            yield f"BROKEN {one.case.name}: {message}"
