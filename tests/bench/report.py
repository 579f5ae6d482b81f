"""The figures as a table beside their goals, and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """`value` None: it could not be measured, and `note` says why. `goal` None: there for comparison only."""

    name: str
    unit: str
    value: float | None
    goal: float | None = None
    beside: str = ""
    """The same figure of the programs beside ours, in words."""
    note: str = ""

    @property
    def met(self) -> bool | None:
        if self.goal is None:
            return None
        return self.value is not None and self.value <= self.goal


def table(figures: Sequence[Figure]) -> str:
    rows = [("figure", "value", "goal", "", "beside it")]
    rows.extend(
        (
            each.name,
            "–" if each.value is None else f"{each.value:.3g} {each.unit}",
            "" if each.goal is None else f"≤ {each.goal:g} {each.unit}",
            {True: "met", False: "MISSED", None: ""}[each.met],
            "; ".join(part for part in (each.beside, each.note) if part),
        )
        for each in figures
    )
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[4]]).rstrip() for row in rows)


def as_json(figures: Sequence[Figure], circumstances: dict[str, object]) -> dict[str, object]:
    return {"schema": 1, **circumstances, "figures": [{**asdict(each), "met": each.met} for each in figures]}
