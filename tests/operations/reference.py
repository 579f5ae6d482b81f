"""What operations must come to, said without any of their code: which pairs of (version that the template names, alias) may stand now,
and who may write over whom."""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.operations.processes import Process
from tests.support.fakes.cluster import REVISION
from tests.support.fakes.world import FakeWorld
from tui.domain.failures import Failure
from tui.domain.marks import HISTORY, OPERATION, RESTARTED_AT
from tui.domain.promotions import Outcome, Plan

KEY = "serving/iris"
TEMPLATE, ALIAS = "template", "alias"
_VERSION = "modeldeck.dev/version"
Pair = tuple[str | None, str | None]
"""(what the template names, where the alias points)."""


def look(fake: FakeWorld) -> dict[str, str]:
    """Every place that anybody may write: the alias, the environment, the annotations of the template and of the Deployment."""
    raw = fake.cluster.deployments[KEY]
    template = raw["spec"]["template"]
    found = {f"env {one['name']}": one["value"] for one in template["spec"]["containers"][0]["env"]}
    found |= {f"pod {key}": text for key, text in template["metadata"].get("annotations", {}).items()}
    found |= {f"own {key}": text for key, text in raw["metadata"]["annotations"].items() if key != REVISION}
    return found | ({ALIAS: fake.champion} if fake.champion else {})


@dataclass
class Known:
    """One operation as the reference sees it."""

    plan: Plan
    planned: int
    """How many writes there had been when its plan was made."""
    template: str
    """What the template is to name: the version; behind an alias, the version in its annotation."""
    alias: str
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
    def tags(self) -> dict[str, str]:
        """What the registry is to tell of it; "" where there is nothing to tell."""
        intent = self.plan.intent
        told = {
            "operation": self.id,
            "kind": intent.kind.value,
            "actor": intent.actor,
            "from": self.plan.from_version or "",
            "reason": intent.reason,
        }
        return {f"modeldeck.{key}": text for key, text in told.items()}


class Reference:
    def __init__(self, fake: FakeWorld, *, by_alias: bool) -> None:
        self.fake, self.by_alias = fake, by_alias
        self.slot = f"pod {_VERSION}" if by_alias else "env MODEL_URI"
        self.operations: dict[str, Known] = {}
        self.wrong: list[str] = []
        self._counter = itertools.count(1)
        self.now = 0
        self._writers: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
        self.story = self.pair()
        """As everything that is over has left it."""

    def pair(self) -> Pair:
        found = look(self.fake)
        return found.get(self.slot), found.get(ALIAS)

    def planned(self, plan: Plan) -> None:
        template = plan.to_version if self.by_alias else f"models:/iris/{plan.to_version}"
        self.operations[plan.id] = Known(plan, self.now, template, plan.to_version, look(self.fake))

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
            if place == f"own {HISTORY}":
                self._history(process, before.get(place), after.get(place))
            elif writer and writer != known.id and at > known.planned and before.get(place) != known.seen.get(place):
                self.wrong.append(f"{known.id} wrote {place} over {writer}: {before.get(place)} → {after.get(place)}")
            self._writers[place].append((known.id, self.now))
        if changed & {self.slot, ALIAS, f"pod {RESTARTED_AT}"}:
            self._under_the_mark(known, before, after, changed)
        if f"own {HISTORY}" in changed:
            told = json.loads(after[f"own {HISTORY}"])[0]["outcome"]
            if told in (Outcome.DONE, Outcome.UNDONE):
                self.over(known.id, Outcome(told))  # whatever its journal still comes to say
            else:
                self._open_end()  # the Deployment tells it from now on, even if the process dies before its journal does

    def _under_the_mark(self, known: Known, before: Mapping[str, str], after: Mapping[str, str], changed: set[str]) -> None:
        """Nothing that serves is moved without a sign for everybody; only what has ended with an open end is finished without one."""
        signs = [json.loads(found.get(f"own {OPERATION}", "{}")).get("id") for found in (before, after)]
        if known.id not in signs and Outcome.NEEDS_ATTENTION not in known.ends:
            self.wrong.append(f"{known.id} changed {sorted(changed)} without its mark: {signs}")

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
        template, alias = self.story
        self.story = (after.get(self.slot) if self.slot in changed else template, after.get(ALIAS) if ALIAS in changed else alias)
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
            self.story = self._unless_written(known, (known.template, known.alias))
            self._claim(known)
        if outcome is Outcome.UNDONE:
            for writes in self._writers.values():
                while writes and writes[-1][0] == id:
                    writes.pop()
        if outcome is Outcome.UNDONE and Outcome.NEEDS_ATTENTION in known.ends:
            self.story = self._unless_written(known, (known.seen.get(self.slot), known.seen.get(ALIAS)))
        elif outcome is Outcome.NEEDS_ATTENTION:
            if not known.disturbed:
                self.wrong.append(f"{id} needs attention, and nobody disturbed it")
            self._open_end()

    def _claim(self, known: Known) -> None:
        """What was so already when it was planned is as much its doing as what it wrote."""
        self.now = next(self._counter)
        for place in (self.slot, ALIAS):
            if not self.written_since(place, known):
                self._writers[place].append((known.id, self.now))

    def _open_end(self) -> None:
        """What stands is what people have been told that they find."""
        if self.pair() in self.allowed():
            self.story = self.pair()

    def _unless_written(self, known: Known, wanted: Pair) -> Pair:
        """What the operation wants, but where somebody else has written since it was planned: there the story holds."""
        template, alias = self.story
        return (
            template if self.written_since(self.slot, known) else wanted[0],
            alias if self.written_since(ALIAS, known) else wanted[1],
        )

    def allowed(self) -> set[Pair]:
        """The pairs that may stand, given the operations that have no good end yet."""
        found = {self.story}
        for known in self.operations.values():
            old, new = self.story, self._unless_written(known, (known.template, known.alias))
            if known.outcome is None:
                # The alias last, and first on the way back; where pods follow it, it is first both times.
                found |= {(new[0], old[1]), new} | ({(old[0], new[1])} if self.by_alias else set())
            elif known.outcome is Outcome.NEEDS_ATTENTION:
                seen = self._unless_written(known, (known.seen.get(self.slot), known.seen.get(ALIAS)))
                found |= set(itertools.product((old[0], new[0], seen[0]), (old[1], new[1], seen[1])))
        return found
