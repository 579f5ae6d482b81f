"""The cases: every point of a recorded operation, times everything that can happen there."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from modeldeck.domain.operations.intent import Kind
from tests.crash.faults import AT_CHANGES, AT_READS, BARE, OF_SEVERAL, Fault
from tests.crash.requests import HOLD


@dataclass(frozen=True, slots=True)
class Scenario:
    """An operation between versions 1 and 2 of a model of its own."""

    kind: Kind
    by_alias: bool
    """Whether the pods read the version from the alias as they start, or from their template."""
    targets: int = 1
    """Deployments, changed in order as one operation."""

    @property
    def name(self) -> str:
        where = f", {self.targets} deployments" if self.targets > 1 else ""
        return f"{self.kind.value} by {'alias' if self.by_alias else 'version'}{where}"

    @property
    def versions(self) -> tuple[str, str]:
        """(from, to)."""
        return ("2", "1") if self.kind is Kind.ROLLBACK else ("1", "2")


_SINGLE = tuple(Scenario(kind, by_alias) for kind in (Kind.PROMOTE, Kind.ROLLBACK) for by_alias in (False, True))
SCENARIOS = (*_SINGLE, Scenario(Kind.PROMOTE, by_alias=False, targets=2))


@dataclass(frozen=True, slots=True)
class Case:
    scenario: Scenario
    point: str
    fault: Fault

    @property
    def name(self) -> str:
        return f"{self.scenario.name} / {self.point} / {self.fault.name}"

    @property
    def may_not_come(self) -> bool:
        return self.point.endswith(_ONCE_MORE)


def dry(scenario: Scenario) -> Case:
    """Nothing happens: for the recording."""
    return Case(scenario, "", BARE)


_ONCE_MORE = ": read 3"
"""How often something is asked depends on how long it takes: where it was quicker than in the recording, that point does not come."""
_TAGS = ("operation", "left")
"""Tags are sent side by side, each on its own: the first, which all others wait for, and the one on the other version stand for them."""


def points(recorded: Iterable[str], targets: int = 1) -> tuple[str, ...]:
    """Where the operation can be crashed, in order. Renewals of the lock come by the clock and are left out, and so is what was sent more
    often than there are deployments: something was in its way, which need not be there the next time."""
    return tuple(name for name in recorded if _is_point(name, targets))


_AGAIN = re.compile(r" #(\d+)")


def _is_point(name: str, targets: int) -> bool:
    again = _AGAIN.search(name)
    if again is not None and int(again[1]) > targets:
        return False
    if name.startswith("after "):
        return name.endswith((": read 1", _ONCE_MORE)) and not name.startswith(("after tag", "after give"))
    if name.startswith("read "):
        return False
    if name.startswith("tag "):
        return name.split()[-1] in _TAGS
    return not name.startswith(f"{HOLD} #")


def cases(scenario: Scenario, recorded: Iterable[str]) -> tuple[Case, ...]:
    return tuple(Case(scenario, point, fault) for point in points(recorded, scenario.targets) for fault in _at(scenario, point))


def _at(scenario: Scenario, point: str) -> tuple[Fault, ...]:
    if point.startswith("after "):
        return AT_READS
    return AT_CHANGES if scenario.targets == 1 else OF_SEVERAL


def kind(case: Case) -> tuple[str, str]:
    """The step and the fault, whatever the operation, the deployment and the version: one case of each kind is in every sample."""
    return _OF_ONE.sub("", case.point), case.fault.name


_OF_ONE = re.compile(r" #\d+|: read \d+|(?<=^tag) \d+")


def drawn(all_cases: Sequence[Case], seed: int) -> tuple[tuple[Case, ...], tuple[Case, ...]]:
    """(one case of each kind, all others), each in an order of the seed's. What is cut off at the end of the others is spread over
    everything; with other seeds other cases come first, so that a few samples see all of them."""
    order = random.Random(seed).sample(sorted(all_cases, key=lambda case: case.name), len(all_cases))
    first = {kind(case): case for case in reversed(order)}
    chosen = set(first.values())
    return tuple(case for case in order if case in chosen), tuple(case for case in order if case not in chosen)
