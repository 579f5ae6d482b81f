"""What operations must come to, said without any of their code: which versions templates may name beside which alias now, and who may
write over whom."""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from modeldeck.domain.failures import Failure
from modeldeck.domain.kubernetes.annotations import HISTORY, OPERATION, RESTARTED_AT
from modeldeck.domain.operations.operation import Outcome
from modeldeck.domain.operations.plan import Plan
from modeldeck.domain.operations.steps import StepName
from tests.operations.processes import Process
from tests.support.fakes.clients import FakeClients
from tests.support.fakes.cluster import REVISION

KEY, STAGING = "serving/iris", "serving/staging"
ALIAS = "alias"
_VERSION = "modeldeck.dev/version"
Stand = tuple[str | None, ...]
"""What the template of each Deployment names, and last where the alias points."""


def look(fake: FakeClients) -> dict[str, str]:
    """Every place that anybody may write: the alias, and of each Deployment its environment and its annotations, the template's too."""
    found = {ALIAS: fake.champion} if fake.champion else {}
    for key, raw in fake.cluster.deployments.items():
        template = raw["spec"]["template"]
        found |= {f"{key} env {one['name']}": one["value"] for one in template["spec"]["containers"][0]["env"]}
        found |= {f"{key} pod {name}": text for name, text in template["metadata"].get("annotations", {}).items()}
        found |= {f"{key} own {name}": text for name, text in raw["metadata"]["annotations"].items() if name != REVISION}
    return found


def changed_by(plan: Plan) -> tuple[str, ...]:
    """The Deployments that it has steps for, in order: where there is nothing to do, nothing is done, and nobody is told."""
    targets = {step.target for step in plan.steps if step.name is not StepName.LOCK}
    return tuple(target.key for number, target in enumerate(plan.targets) if number in targets)


@dataclass
class Known:
    """One operation as the reference sees it."""

    plan: Plan
    planned: int
    """How many writes there had been when its plan was made."""
    wanted: Mapping[str, str]
    """What is to stand in each place that serves, in the order in which it is changed: the version that a template names (behind an alias,
    the version in its annotation), and where the alias points."""
    seen: Mapping[str, str]
    """What stood everywhere when its plan was made."""
    outcome: Outcome | None = None
    disturbed: bool = False
    """Others were at work on the same places, or a fault lasted: it may end NEEDS ATTENTION."""
    edited: bool = False
    """Others were."""
    ends: list[Outcome] = field(default_factory=list)

    @property
    def id(self) -> str:
        return self.plan.id

    @property
    def keys(self) -> tuple[str, ...]:
        return changed_by(self.plan)

    @property
    def moves_alias(self) -> bool:
        return any(step.name is StepName.MOVE_ALIAS for step in self.plan.steps)

    @property
    def tags(self) -> dict[str, str]:
        """What the registry is to tell of it; "" where there is nothing to tell."""
        intent = self.plan.intent
        told = {
            "operation": self.id,
            "kind": intent.kind.value,
            "actor": intent.actor,
            "reason": intent.reason,
        }
        return {f"modeldeck.{key}": text for key, text in told.items()}


class Reference:
    def __init__(self, fake: FakeClients, *, by_alias: bool) -> None:
        self.fake, self.by_alias = fake, by_alias
        self.slots = tuple(self._slot(key) for key in fake.cluster.deployments)
        self.operations: dict[str, Known] = {}
        self.wrong: list[str] = []
        self._counter = itertools.count(1)
        self.now = 0
        self._writers: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
        self.story = self.stand()
        """As everything that is over has left it."""

    def _slot(self, key: str) -> str:
        return f"{key} pod {_VERSION}" if self.by_alias else f"{key} env MODEL_URI"

    @property
    def places(self) -> tuple[str, ...]:
        return (*self.slots, ALIAS)

    def stand(self) -> Stand:
        found = look(self.fake)
        return tuple(found.get(place) for place in self.places)

    def planned(self, plan: Plan) -> None:
        to = plan.last.to_version if self.by_alias else f"models:/iris/{plan.last.to_version}"
        wanted = {self._slot(key): to for key in changed_by(plan)}
        alias = {ALIAS: plan.last.to_version}
        self.operations[plan.id] = Known(plan, self.now, {**alias, **wanted} if self.by_alias else {**wanted, **alias}, look(self.fake))

    # -- writes

    def around(self, process: Process, do: Callable[[], Any]) -> Any:
        """One request of an operation, and what the reference thinks of what it changed."""
        before = look(self.fake)
        try:
            return do()
        except Failure:
            raise
        finally:
            after = look(self.fake)
            changed = {place for place in {*before, *after} if before.get(place) != after.get(place)}
            if changed:
                self._judge(process, before, after, changed)

    def _judge(self, process: Process, before: Mapping[str, str], after: Mapping[str, str], changed: set[str]) -> None:
        self.now = next(self._counter)
        known = self.operations[process.operation]
        for place in changed:
            writer, at = self._last(place)
            if place.endswith(f"own {HISTORY}"):
                self._history(process, before.get(place), after.get(place))
            elif writer and writer != known.id and at > known.planned and before.get(place) != known.seen.get(place):
                self.wrong.append(f"{known.id} wrote {place} over {writer}: {before.get(place)} → {after.get(place)}")
            self._writers[place].append((known.id, self.now))
        if ALIAS in changed:
            self._alone(known, (before, after))
        self._under_the_mark(known, before, after, changed)
        if any(place.endswith(f"own {HISTORY}") for place in changed):
            self._told(known, after)

    def _alone(self, known: Known, looks: Sequence[Mapping[str, str]]) -> None:
        """Whoever moves the alias has announced it, and nobody else has who goes on: a mark tells them from those that yield."""
        announced = self.announced()
        if known.id not in announced:
            self.wrong.append(f"{known.id} moved the alias without announcing it")
        marked = {id for key in self.fake.cluster.deployments for id in self._marks(key, *looks)}
        if others := (announced & marked) - {known.id}:
            self.wrong.append(f"{known.id} moved the alias while the announcement of {others} stood")

    def announced(self) -> set[str]:
        """The operations whose announcements stand."""
        return {key.rpartition(".")[2] for key in self.fake.registry.tags.get("iris", {})}

    def _told(self, known: Known, after: Mapping[str, str]) -> None:
        """Once its last mark is off, the Deployments tell how it ended, even if the process dies before its journal does."""
        if any(known.id in self._marks(key, after) for key in known.keys):
            return
        lines = [line for key in known.keys for line in json.loads(after.get(f"{key} own {HISTORY}", "[]"))]
        told = {line["outcome"] for line in lines if line["id"] == known.id}
        if len(told) == 1 and told <= {Outcome.DONE, Outcome.UNDONE}:
            self.over(known.id, Outcome(told.pop()))
        elif told:
            self._open_end(known)

    @staticmethod
    def _marks(key: str, *looks: Mapping[str, str]) -> list[str | None]:
        return [json.loads(found.get(f"{key} own {OPERATION}", "{}")).get("id") for found in looks]

    def _under_the_mark(self, known: Known, before: Mapping[str, str], after: Mapping[str, str], changed: set[str]) -> None:
        """Nothing that serves is moved without a sign for everybody; only what has ended with an open end is finished without one."""
        if Outcome.NEEDS_ATTENTION in known.ends:
            return
        signs = {key: self._marks(key, before, after) for key in known.keys}
        for key in known.keys:
            moved = changed & {self._slot(key), f"{key} pod {RESTARTED_AT}"}
            if moved and known.id not in signs[key]:
                self.wrong.append(f"{known.id} changed {sorted(moved)} without its mark: {signs[key]}")
        if ALIAS in changed and not any(known.id in each for each in signs.values()):
            self.wrong.append(f"{known.id} moved the alias without its mark: {signs}")

    def _history(self, process: Process, before: str | None, after: str | None) -> None:
        old, new = ([one["id"] for one in json.loads(text or "[]")] for text in (before, after))
        if new[0] != process.operation or new[1:] != [id for id in old if id != process.operation][:9]:
            self.wrong.append(f"{process.operation} rewrote the history: {old} → {new}")

    def somebody(self, change: Callable[[], object]) -> None:
        """Somebody else's edit, which holds from now on."""
        before = look(self.fake)
        change()
        after = look(self.fake)
        changed = {place for place in {*before, *after} if before.get(place) != after.get(place)}
        if not changed:
            return
        self.now = next(self._counter)
        for place in changed:
            self._writers[place].append(("somebody", self.now))
        told = dict(zip(self.places, self.story, strict=True))
        self.story = tuple(after.get(place) if place in changed else told[place] for place in self.places)
        for known in self.operations.values():
            if known.outcome in (None, Outcome.NEEDS_ATTENTION):
                known.disturbed = known.edited = True

    # -- what may stand

    def written_since(self, place: str, known: Known) -> bool:
        """Whether somebody else has written there since the operation was planned."""
        writer, at = self._last(place)
        return writer not in ("", known.id) and at > known.planned

    def _last(self, place: str) -> tuple[str, int]:
        """Who wrote there last, and when; what was taken back was never written."""
        return self._writers[place][-1] if self._writers[place] else ("", 0)

    def over(self, id: str, outcome: Outcome) -> None:
        """An operation has ended, or was found to have ended."""
        known = self.operations[id]
        known.ends.append(outcome)
        if known.outcome is not None:
            settled = known.outcome if known.outcome is not Outcome.NEEDS_ATTENTION else outcome
            if outcome not in (settled, Outcome.NEEDS_ATTENTION):
                self.wrong.append(f"{id} ended {known.outcome}, then {outcome}")
            known.outcome = settled
        else:
            known.outcome = outcome
        if outcome is Outcome.DONE:
            self.story = self._unless_written(known, known.wanted)
            self._claim(known)
        if outcome is Outcome.UNDONE:
            for writes in self._writers.values():
                while writes and writes[-1][0] == id:
                    writes.pop()
        if outcome is Outcome.UNDONE and Outcome.NEEDS_ATTENTION in known.ends:
            self.story = self._unless_written(known, known.seen)
        elif outcome is Outcome.NEEDS_ATTENTION:
            behind = any(self.written_since(f"{key} own {OPERATION}", known) for key in known.keys)
            known.disturbed |= behind
            if not known.moves_alias and self.written_since(ALIAS, known):
                known.disturbed = known.edited = True  # it counted on an alias that it did not move, and says that it points elsewhere
            if not known.disturbed:
                self.wrong.append(f"{id} needs attention, and nobody disturbed it")
            self._open_end(known)

    def _claim(self, known: Known) -> None:
        """What was so already when it was planned is as much its doing as what it wrote."""
        self.now = next(self._counter)
        for place in known.wanted:
            if not self.written_since(place, known):
                self._writers[place].append((known.id, self.now))

    def _open_end(self, known: Known) -> None:
        """Of what the operation wrote last, people have been told what they find."""
        if self.stand() in self.allowed():
            told = zip(self.places, self.story, self.stand(), strict=True)
            self.story = tuple(stands if self._last(place)[0] == known.id else story for place, story, stands in told)

    def _unless_written(self, known: Known, found: Mapping[str, str], base: Stand | None = None) -> Stand:
        """What is found for the operation's own places, but where somebody else has written since it was planned: there the story holds."""
        told = zip(self.places, base or self.story, strict=True)
        return tuple(found.get(place) if place in known.wanted and not self.written_since(place, known) else story for place, story in told)

    def allowed(self) -> set[Stand]:
        """What may stand, given the operations that have no good end yet: of operations on several Deployments any mixture."""
        found = {self.story}
        for known in self.operations.values():
            if known.outcome in (None, Outcome.NEEDS_ATTENTION):
                found |= {stand for base in found for stand in self._in_the_middle(known, base)}
        return found

    def _in_the_middle(self, known: Known, old: Stand) -> Iterator[Stand]:
        new = self._unless_written(known, known.wanted, old)
        if known.outcome is Outcome.NEEDS_ATTENTION:
            seen = self._unless_written(known, known.seen, old)
            yield from itertools.product(*zip(old, new, seen, strict=True))
        elif self.by_alias:
            # The alias is first both times: pods follow it.
            yield from itertools.product(*zip(old, new, strict=True))
        else:
            # One place after the other, the alias last, and first on the way back.
            order = list(known.wanted)
            for moved in range(len(order) + 1):
                yield tuple(now if place in order[:moved] else was for place, was, now in zip(self.places, old, new, strict=True))
