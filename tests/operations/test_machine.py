"""The whole protocol against a plain reference: two operators, crashes between any two writes, lost answers, hung processes that wake up
late, leases that are taken over, and others who edit the same objects. Hypothesis looks for the order of events that breaks it."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Coroutine
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from modeldeck.domain.failures import Conflict, Failure
from modeldeck.domain.kubernetes.annotations import RESTARTED_AT, history_of, mark_of
from modeldeck.domain.operations.checks import Check
from modeldeck.domain.operations.intent import Intent, Kind
from modeldeck.domain.operations.operation import Operation, Outcome, State
from modeldeck.domain.operations.plan import Plan
from modeldeck.operations.common.clients import Clients
from modeldeck.operations.journal.signals import Signal, SignalRequest
from modeldeck.operations.runner.runner import Order, Verb
from modeldeck.operations.service import OperationService
from tests.operations.processes import WHO, Fault, Process, computers
from tests.operations.reference import KEY, STAGING, Reference
from tests.support.fakes.clients import fake_clients
from tests.support.fakes.journals import MemoryJournal
from tests.support.virtual import VirtualClock, VirtualLoop

T = TypeVar("T")
BROKEN = "3"
"""A version whose pods crash."""

faults = st.one_of(
    st.none(),
    st.just(Fault("start", "hang", 0)),
    st.builds(Fault, st.just("call"), st.sampled_from(("hang", "cancel")), st.integers(1, 24)),
    st.builds(Fault, st.just("call"), st.just("away"), st.integers(1, 24), st.sampled_from((2.0, 30.0))),
    st.builds(
        Fault,
        st.just("write"),
        st.sampled_from(("drop", "lose", "late", "kill", "kill-after", "kill-late", "hang-after")),
        st.integers(1, 16),
    ),
    st.builds(Fault, st.just("entry"), st.sampled_from(("kill", "kill-after", "full")), st.integers(1, 30)),
)
Wanted = tuple[Kind, str | None, str]
"""What to do, the version, and why."""
wishes = st.one_of(
    st.tuples(st.just(Kind.PROMOTE), st.sampled_from(("1", "2", "4", BROKEN)), st.sampled_from(("better", ""))),
    st.tuples(st.just(Kind.ROLLBACK), st.sampled_from((None, "1", "2")), st.sampled_from(("worse", ""))),
)
ons = st.sampled_from(((KEY,), (STAGING,), (STAGING, KEY)))
LASTING = ("away", "full", "hang", "hang-after", "cancel")
"""Faults after which an operation may rightly end otherwise than it would have."""


@dataclass
class Operator:
    name: str
    host: str
    journal: MemoryJournal
    services: OperationService
    console: Process
    pending: Plan | None = None


class Promotions(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.processes: dict[int, Process] = {}
        self.computers = computers(self.processes)
        self.computers.__enter__()
        self.loop = VirtualLoop()
        self.clock = VirtualClock(self.loop)
        self.latest: list[Process] = []
        self.refused: tuple[Check, ...] = ()
        """Of the newest plan, where it was refused."""

    @initialize(uri=st.sampled_from(("models:/iris/1", "models:/iris@champion")), shared=st.booleans(), several=st.booleans())
    def begin(self, uri: str, shared: bool, several: bool) -> None:
        """`several`: a staging Deployment of the same model, which operations may be about as well, or before."""
        self.fake = fake_clients(uri, self.clock)
        if several:
            self.fake.cluster.add("serving", "staging", deepcopy(self.fake.template()["spec"]["containers"]))
        self.fake.registry.add("iris", "4", "5", "6")
        by_alias = uri.endswith("@champion")
        self.fake.cluster.broken.add(f'"modeldeck.dev/version": "{BROKEN}"' if by_alias else f"models:/iris/{BROKEN}")
        self.reference = Reference(self.fake, by_alias=by_alias)
        journal = MemoryJournal()
        self.ann = self._operator("ann", "east", journal)
        self.bob = self._operator("bob", "east", journal) if shared else self._operator("bob", "west", MemoryJournal())

    def _operator(self, name: str, host: str, journal: MemoryJournal) -> Operator:
        clients = Clients(self.fake.environment, None, self.fake.registry, self.fake.cluster, None)
        found: Operator
        bound = OperationService(clients, journal, self.clock, lambda: self._hands(found))  # type: ignore[arg-type]
        found = Operator(name, host, journal, bound, self._process(host, None))
        return found

    # -- processes

    def _process(self, host: str, fault: Fault | None) -> Process:
        made = Process(host, fault, self._cancel, lambda process, do: self.reference.around(process, do))
        self.processes[made.pid] = made
        return made

    def _hands(self, operator: Operator) -> _Hands:
        return _Hands(self, operator)

    def _cancel(self, operation_id: str) -> None:
        for operator in {id(one.journal): one for one in (self.ann, self.bob)}.values():
            if operator.journal.operation(operation_id) is not None:
                with suppress(Conflict):  # it may have ended by what its journal says, and only be looked at again
                    operator.services.ask(operation_id, SignalRequest(Signal.CANCEL, operator.name))

    def _run(self, job: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(job)

    def _as(self, operator: Operator, fault: Fault | None, job: Coroutine[Any, Any, T]) -> T:
        """Something that an operator does at a console; the process that it starts has the fault."""
        WHO.set(operator.console)
        self.fault = fault
        return self._run(job)

    def _carry_on(self, *processes: Process) -> None:
        """Let processes run until each has ended or hangs, and tell the reference how they ended."""

        async def settle() -> None:
            async with asyncio.timeout(7200):
                await asyncio.gather(*(process.settled() for process in processes))

        self._run(settle())
        for process in processes:
            if process.task is None or not process.task.done():
                continue
            process.dead = True
            error = process.task.exception()
            if error is None and not (process.fault and process.fault.what == "full"):
                self._ended(process, process.task.result())
            elif error is None:
                self._looked_up(process)
            elif isinstance(error, Exception) and not isinstance(error, Failure):
                raise error

    def _looked_up(self, process: Process) -> None:
        """On a full disk it may not even have written that it has ended: then it is for others to find out."""
        found = [one.journal.operation(process.operation) for one in (self.ann, self.bob)]
        self.reference.operations[process.operation].disturbed = True
        for operation in found:
            if operation is not None and operation.state is State.ENDED and operation.runner_pid == process.pid:
                self._ended(process, operation)
                return

    def _ended(self, process: Process, operation: Operation) -> None:
        assert operation.outcome is not None
        known = self.reference.operations[operation.id]
        known.disturbed |= process.fault is not None and process.fault.what in LASTING
        self.reference.over(operation.id, operation.outcome)

    @property
    def hung(self) -> list[Process]:
        return [process for process in self.processes.values() if process.hung]

    # -- what operators do

    @rule(bob=st.booleans(), wish=wishes, on=ons)
    def plan(self, bob: bool, wish: Wanted, on: tuple[str, ...]) -> None:
        """Something to be confirmed later, when the world may have moved."""
        self._plan(self.bob if bob else self.ann, *wish, on)

    @rule(bob=st.booleans(), wish=wishes, on=ons, fault=faults)
    def change(self, bob: bool, wish: Wanted, on: tuple[str, ...], fault: Fault | None) -> None:
        operator = self.bob if bob else self.ann
        self._plan(operator, *wish, on)
        if operator.pending is not None:
            self._begin(operator, fault)
            self._carry_on(*self.latest)

    def _plan(self, operator: Operator, kind: Kind, to: str | None, why: str, on: tuple[str, ...] = (KEY,)) -> None:
        """`on`: as far as they are there; a roll-back is about the last one."""
        self.time_passes(4.0)  # people take their time; and the controller needs some
        model = "iris" if kind is Kind.PROMOTE else None
        first, *then = [key for key in on if key in self.fake.cluster.deployments] or [KEY]
        if kind is Kind.ROLLBACK:
            first, then = (then or [first])[-1], []
        name = first.partition("/")[2]
        intent = Intent(kind, "serving", name, model, to, operator.name, why, rollout_deadline=60.0, then=tuple(then))
        made = self._as(operator, None, operator.services.plan(intent))
        operator.pending = made if isinstance(made, Plan) and not made.refused else None
        self.refused = made.checks if isinstance(made, Plan) and made.refused else ()
        if operator.pending is not None:
            self.reference.planned(operator.pending)

    @precondition(lambda self: self.ann.pending or self.bob.pending)
    @rule(fault=faults, bob=st.booleans())
    def carry_out(self, fault: Fault | None, bob: bool) -> None:
        first, second = (self.bob, self.ann) if bob else (self.ann, self.bob)
        self._begin(first if first.pending else second, fault)
        self._carry_on(*self.latest)

    @precondition(lambda self: self.ann.pending and self.bob.pending)
    @rule(faults=st.tuples(faults, faults))
    def race(self, faults: tuple[Fault | None, Fault | None]) -> None:
        """Both confirm at the same instant."""
        begun = []
        for operator, fault in zip((self.ann, self.bob), faults, strict=True):
            self._begin(operator, fault)
            begun += self.latest
        self._carry_on(*begun)

    def _begin(self, operator: Operator, fault: Fault | None) -> None:
        made, operator.pending = operator.pending, None
        assert made is not None
        self.latest = []

        async def begin() -> None:
            operator.services.begin(made)

        self._as(operator, fault, begin())

    @precondition(lambda self: self.cut_off(self.ann) or self.cut_off(self.bob))
    @rule(fault=faults, bob=st.booleans(), verb=st.sampled_from((Verb.RESUME, Verb.UNDO)), pick=st.integers(0, 3))
    def recover(self, fault: Fault | None, bob: bool, verb: Verb, pick: int) -> None:
        operator = self.bob if bob else self.ann
        found = self.cut_off(operator)
        if found:
            self._recover(operator, found[pick % len(found)], verb, fault)

    @precondition(lambda self: self.marked())
    @rule(fault=faults, bob=st.booleans(), verb=st.sampled_from((Verb.UNDO, Verb.RESUME)), pick=st.integers(0, 1))
    def recover_what_is_marked(self, fault: Fault | None, bob: bool, verb: Verb, pick: int) -> None:
        """By the mark on a Deployment: for one of two with journals of their own, it is somebody else's."""
        found = self.marked()
        self._recover(self.bob if bob else self.ann, found[pick % len(found)], verb, fault)

    def _recover(self, operator: Operator, id: str, verb: Verb, fault: Fault | None) -> Failure | None:
        self.latest = []
        try:
            self._as(operator, fault, operator.services.recover(id, verb))
        except Failure as failure:
            return failure
        self._carry_on(*self.latest)
        task = self.latest[0].task
        error = task.exception() if task and task.done() else None
        return error if isinstance(error, Failure) else None

    @precondition(lambda self: self.hung)
    @rule(kill=st.booleans(), pick=st.integers(0, 3))
    def wake_or_kill(self, kill: bool, pick: int) -> None:
        process = self.hung[pick % len(self.hung)]
        if kill:
            process.kill()
        else:
            process.parked.clear()
            process.awake.set()
            self._carry_on(process)

    @precondition(lambda self: self.hung)
    @rule(pick=st.integers(0, 3))
    def cancel(self, pick: int) -> None:
        process = self.hung[pick % len(self.hung)]
        self.reference.operations[process.operation].disturbed = True
        self._cancel(process.operation)

    @rule(seconds=st.sampled_from((1.0, 14.0, 40.0)))
    def time_passes(self, seconds: float) -> None:
        async def pass_() -> None:
            for _ in range(int(seconds)):
                await self.clock.sleep(1.0)

        self._run(pass_())

    @rule(seconds=st.sampled_from((3600.0, -3600.0)))
    def somebody_sets_the_clock(self, seconds: float) -> None:
        self.clock.jumped += seconds

    # -- what others do

    @rule(what=st.sampled_from(("variable", "version", "restart", "alias", "note")), text=st.sampled_from(("5", "6")), on=ons)
    def somebody_edits(self, what: str, text: str, on: tuple[str, ...]) -> None:
        self.time_passes(1.0)  # what a dead process has sent has landed: nobody can guard an alias against that
        cluster, now = self.fake.cluster, self.reference.now
        key = on[0] if on[0] in cluster.deployments else KEY

        def restart(raw: dict[str, Any]) -> None:
            raw["spec"]["template"]["metadata"].setdefault("annotations", {})[RESTARTED_AT] = f"by hand at {now}"

        def repoint() -> None:
            if not self.reference.by_alias:
                cluster.set_env(key, "MODEL_URI", f"models:/iris/{text}")

        edits: dict[str, Callable[[], object]] = {
            "variable": lambda: cluster.set_env(key, "LOG_LEVEL", text),
            "version": repoint,
            "restart": lambda: cluster.edit(key, restart),
            "alias": lambda: self.fake.registry.aliases["iris"].update(champion=text),
            "note": lambda: cluster.edit(key, lambda raw: raw["metadata"]["annotations"].update(team=f"vision-{now}")),
        }
        self.reference.somebody(edits[what])

    # -- what must hold

    def cut_off(self, operator: Operator) -> list[str]:
        """Operations of a journal without an end."""
        return [one.id for one in operator.journal.operations() if one.state is not State.ENDED]

    def open_ends(self, operator: Operator) -> list[str]:
        """Operations of a journal that need attention, and that nobody else's edits were in the way of."""
        found = operator.journal.operations()
        return [one.id for one in found if one.outcome is Outcome.NEEDS_ATTENTION and not self.reference.operations[one.id].edited]

    def marked(self) -> list[str]:
        """The operations whose marks stand."""
        found = (mark_of(self.fake.annotations(key)) for key in self.fake.cluster.deployments)
        return list(dict.fromkeys(mark.id for mark in found if mark))

    @invariant()
    def one_story_is_told(self) -> None:
        if not hasattr(self, "reference"):
            return
        reference = self.reference
        assert not reference.wrong, reference.wrong
        assert reference.stand() in reference.allowed(), (reference.stand(), reference.allowed())
        if reference.stand() != reference.story:
            going_on = {known.id for known in reference.operations.values() if known.outcome not in (Outcome.DONE, Outcome.UNDONE)}
            assert going_on & set(self.marked()), (reference.stand(), reference.story, self.marked())
        ended = {known.id for known in reference.operations.values() if known.outcome is not None and not known.disturbed}
        assert not ended & {*self.marked(), *reference.announced()}
        self._history_journal_and_tags_agree()

    def _history_journal_and_tags_agree(self) -> None:
        for line in (line for key in self.fake.cluster.deployments for line in history_of(self.fake.annotations(key))):
            known = self.reference.operations[line.id]
            assert known.outcome in (None, Outcome.NEEDS_ATTENTION) or line.outcome in (known.outcome.value, "needs attention"), line
        for version in self.fake.registry.versions.values():
            told = self.reference.operations.get(version.tags.get("modeldeck.operation", ""))
            assert told is None or told.outcome in (None, Outcome.DONE, Outcome.NEEDS_ATTENTION), (version, told)

    def the_whole_story_is_told(self) -> None:
        """Once everything has come to its end: registry, events, leases and pods, too."""
        for version in self.fake.registry.versions.values():
            told = self.reference.operations.get(version.tags.get("modeldeck.operation", ""))
            if told is not None and not told.disturbed:
                assert {key: version.tags.get(key, "") for key in told.tags} == told.tags
                assert version.tags.get("modeldeck.from", "") in {part.from_version or "" for part in told.plan.changes}
        for known in self.reference.operations.values():
            reasons = {
                reason for reason in ("Promoted", "RolledBack", "PromotionUndone", "RollbackUndone") if self._has_event(known.id, reason)
            }
            assert len(reasons) <= 1, (known, reasons)
            assert known.outcome is not Outcome.DONE or known.disturbed or reasons & {"Promoted", "RolledBack"}, known
        every = self.reference.operations.values()
        open_ends = {one.id for one in every if one.edited and one.outcome is Outcome.NEEDS_ATTENTION}  # left to people, with their marks
        assert not set(self.reference.announced()) - (open_ends & set(self.marked()))
        holders = [lease.holder for lease in self.fake.cluster.leases.values() if lease.holder]
        assert not [holder for holder in holders if self.processes[int(holder.split("-")[1])].lives]
        self.time_passes(60.0)
        cluster = self.fake.cluster
        for key in cluster.deployments:
            template = self.fake.template(key)
            pods = [pod for pod in cluster.pods.values() if cluster.sets[pod.set_name]["owner"] == key]
            breaks = any(text in json.dumps(template) for text in cluster.broken)
            assert breaks or all(pod.template == template for pod in pods)

    def _has_event(self, id: str, reason: str) -> bool:
        return f"{id} {reason}" in self.fake.cluster.event_keys

    # -- the end

    def teardown(self) -> None:
        try:
            if hasattr(self, "reference"):
                self._all_comes_to_an_end()
                self._nobody_is_locked_out()
        finally:
            self._close()

    def _all_comes_to_an_end(self) -> None:
        while self.hung:
            self.wake_or_kill(False, 0)
        for _ in range(3):
            for operator in (self.ann, self.bob):
                for id in (*self.cut_off(operator), *self.open_ends(operator)):
                    self._close_end(operator, id)
        assert not [(one.name, self.cut_off(one)) for one in (self.ann, self.bob) if self.cut_off(one)]
        self._open_ends_are_closed()
        self.one_story_is_told()
        self.the_whole_story_is_told()

    def _open_ends_are_closed(self) -> None:
        """What ended with an open end because of a fault alone can be gone on with, or taken back, when the fault is over."""
        for operator in (self.ann, self.bob):
            for id in self.open_ends(operator):
                self._close_end(operator, id)
                ended = operator.journal.operation(id)
                assert ended is not None
                assert ended.outcome in (Outcome.DONE, Outcome.UNDONE), ended

    def _close_end(self, operator: Operator, id: str) -> None:
        if isinstance(self._recover(operator, id, Verb.RESUME, None), Conflict):
            self._recover(operator, id, Verb.UNDO, None)

    def _nobody_is_locked_out(self) -> None:
        """Whatever has happened, the next promotion goes through."""
        if self.marked():
            return
        self.time_passes(60.0)
        self.fake.registry.add("iris", "7")
        self._plan(self.bob, Kind.PROMOTE, "7", "better")
        if self.bob.pending is None:  # pods that somebody else has broken are still coming up: only a roll-back may begin then
            self._plan(self.bob, Kind.ROLLBACK, "7", "better")
        assert self.bob.pending is not None
        self._begin(self.bob, None)
        self._carry_on(*self.latest)
        assert self.reference.stand()[-1] == "7"
        self.one_story_is_told()

    def _close(self) -> None:
        for process in self.processes.values():
            process.kill()
            if process.task is not None and process.task.done():
                process.task.exception()
        left = asyncio.all_tasks(self.loop)
        for task in left:
            task.cancel()
        if left:
            self._run(asyncio.gather(*left, return_exceptions=True))  # type: ignore[arg-type]
        self.loop.close()
        self.computers.__exit__(None, None, None)


class _Hands:
    """`modeldeck.operations.runner.handle.Hands` with a process of this machine."""

    def __init__(self, machine: Promotions, operator: Operator) -> None:
        self._machine, self._operator = machine, operator

    def go(self, order: Order) -> None:
        machine = self._machine
        made = machine._process(self._operator.host, machine.fault)
        made.start(order, machine.fake, self._operator.journal, machine.clock)
        machine.latest.append(made)

    def ended(self) -> bool:
        return False

    def last_words(self) -> str:
        return ""

    def discard(self) -> None:
        pass


FEW = settings(
    max_examples=60,
    stateful_step_count=20,
    deadline=None,
    print_blob=False,
    report_multiple_bugs=False,
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)


def test_the_protocol_against_the_reference() -> None:
    """CI gives every commit other histories to try, by its hash; `MODELDECK_SEED` repeats them."""
    examples, drawn = int(os.environ.get("MODELDECK_MACHINE_EXAMPLES", "0")), os.environ.get("MODELDECK_SEED")
    machine = seed(int(drawn))(Promotions) if drawn else Promotions
    chosen = settings(FEW, max_examples=examples) if examples else FEW
    run_state_machine_as_test(machine, settings=chosen)


def test_of_two_that_begin_to_move_one_alias_at_once_none_goes_on_without_the_other_knowing() -> None:
    """A history that Hypothesis found: both promote the same version on Deployments of their own, and one is killed."""
    state = Promotions()
    state.begin(uri="models:/iris/1", shared=False, several=True)
    state.plan(bob=True, on=(KEY,), wish=(Kind.PROMOTE, "2", "better"))
    state.plan(bob=False, on=(STAGING,), wish=(Kind.PROMOTE, "2", "better"))
    state.race(faults=(Fault("write", "kill", 4), None))
    (refused,) = state.bob.journal.operations()
    assert refused.outcome is Outcome.REFUSED
    assert "is in the midst of moving alias champion of iris on serving/staging" in refused.message
    assert state.reference.stand() == ("models:/iris/1", "models:/iris/1", "1")
    state.one_story_is_told()
    state.teardown()


def test_while_one_that_moved_the_alias_is_cut_off_no_other_begins() -> None:
    """Histories that Hypothesis found: the second of two took for its own what the first had moved, or put it back to that."""
    state = Promotions()
    state.begin(uri="models:/iris/1", shared=False, several=True)
    state.change(bob=False, fault=Fault("write", "kill-after", 4), on=(STAGING,), wish=(Kind.PROMOTE, "2", "better"))
    assert state.reference.stand() == ("models:/iris/1", "models:/iris/2", "2")
    state.change(bob=False, fault=None, on=(KEY,), wish=(Kind.PROMOTE, "1", "better"))
    (cut_off,) = state.ann.journal.operations()
    (check,) = [check for check in state.refused if check.verdict == "refuse"]
    assert cut_off.id in check.message
    assert f"modeldeck operations undo {cut_off.id}" in check.hint
    state.recover_what_is_marked(bob=False, fault=Fault("write", "kill", 3), pick=0, verb=Verb.UNDO)
    assert state.reference.stand() == ("models:/iris/1", "models:/iris/2", "1")
    state.recover_what_is_marked(bob=True, fault=None, pick=0, verb=Verb.UNDO)
    assert state.reference.stand() == ("models:/iris/1", "models:/iris/1", "1")
    assert not state.reference.announced()
    state.one_story_is_told()
    state.teardown()


def test_what_others_edits_leave_to_people_stays_announced_beside_its_mark() -> None:
    """A history that Hypothesis found: one that was resumed took the lock from the next, and yields to its announcement."""
    state = Promotions()
    state.begin(uri="models:/iris/1", shared=False, several=False)
    state.change(bob=False, fault=None, on=(KEY,), wish=(Kind.PROMOTE, "2", "better"))
    state.change(bob=False, fault=Fault("entry", "kill", 2), on=(KEY,), wish=(Kind.PROMOTE, "1", "better"))
    state.recover(bob=False, fault=Fault("start", "hang", 0), pick=0, verb=Verb.RESUME)
    state.change(bob=False, fault=Fault("call", "hang", 10), on=(KEY,), wish=(Kind.PROMOTE, "1", "better"))
    state.somebody_edits(on=(KEY,), text="5", what="variable")
    state.teardown()


def test_what_one_that_lost_its_lock_had_announced_does_not_stand_for_ever() -> None:
    """A history that Hypothesis found: it hung before its mark was written, another one took its lock and ended, and nobody was left."""
    state = Promotions()
    state.begin(uri="models:/iris/1", shared=False, several=False)
    state.change(bob=True, fault=Fault("call", "hang", 9), on=(KEY,), wish=(Kind.PROMOTE, "2", "better"))
    state.somebody_sets_the_clock(seconds=3600.0)
    state.somebody_edits(on=(KEY,), text="5", what="variable")
    state.change(bob=False, fault=Fault("start", "hang", 0), on=(KEY,), wish=(Kind.PROMOTE, "2", "better"))
    state.recover(bob=False, fault=None, pick=0, verb=Verb.UNDO)
    state.teardown()
