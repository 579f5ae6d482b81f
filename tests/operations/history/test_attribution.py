"""What of a sighting is ours and what is somebody else's: nothing of ours is told again, nothing of theirs is lost."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.mlflow.alias_changes import AliasChange, AliasMove
from modeldeck.domain.operations.intent import Kind
from modeldeck.domain.operations.operation import Outcome
from modeldeck.domain.operations.version_change import VersionChange
from modeldeck.operations.history.attribution import _ANY, _Chain, _Step, by_others
from modeldeck.operations.history.records import JOURNAL, OperationRecord
from tests.support.records import record_with


def ours(to: str, at: float, previous: str | None = None, *, id: str = "", served: bool = True, **fields: str) -> OperationRecord:
    """An operation of two seconds that ended then."""
    outcome = Outcome.DONE if served else Outcome.UNDONE
    values = {"model": "iris", "alias": "champion", **fields}
    return OperationRecord(
        id or f"op-{at:.0f}",
        VersionChange("serving/iris", values["model"], previous, to, uid="uid-iris", alias=values["alias"], alias_before=previous),
        Kind.PROMOTE,
        "ann",
        "",
        at - 2.0,
        at,
        outcome,
        served,
        JOURNAL,
    )


def seen(before: str | None, now: str | None, after: float, until: float, alias: str = "champion") -> AliasChange:
    return AliasChange(AliasMove("iris", alias, before, now), after, until)


def test_ours_is_not_told_again() -> None:
    assert by_others([seen("1", "2", 1000, 1010)], [ours("2", 1005, "1")]) == ()
    assert by_others([seen("1", "2", 1000, 1010)], [replace(ours("2", 1005, "1"), at=math.inf, outcome=None, served=False)]) == ()
    assert by_others([seen("1", "2", 1000, 1010)], [ours("2", 1005, alias="")]) == ()


def test_another_alias_model_version_or_time_is_not_ours() -> None:
    told = [seen("1", "2", 1000, 1010)]
    for other in (ours("2", 1005, alias="best"), ours("2", 1005, model="wine"), ours("3", 5000, "2"), ours("2", 5000, "1")):
        assert by_others(told, [other]) == tuple(told)


def test_one_operation_explains_one_move() -> None:
    again = [seen("1", "2", 1000, 1010), seen("2", "1", 1010, 1020), seen("1", "2", 1020, 1030)]
    assert by_others(again, [ours("2", 1005, "1")]) == tuple(again[1:])


def test_the_way_back_of_an_undone_one_is_ours_too() -> None:
    undone = ours("2", 1015, "1", served=False)
    assert by_others([seen("1", "2", 1000, 1010), seen("2", "1", 1010, 1020)], [undone]) == ()
    assert by_others([seen("2", "3", 1010, 1020)], [undone]) == (seen("2", "3", 1010, 1020),)


def test_what_others_did_before_or_after_ours_between_two_readings_is_told() -> None:
    assert by_others([seen("1", "3", 1000, 2000)], [ours("3", 1500, "2")]) == (seen("1", "2", 1000, 1498),)
    assert by_others([seen("1", "3", 1000, 2000)], [ours("2", 1500, "1")]) == (seen("2", "3", 1500, 2000),)


steps = st.lists(st.tuples(st.booleans(), st.sampled_from("123"), st.booleans()), max_size=12)


@given(steps=steps)
def test_together_ours_and_theirs_tell_how_the_alias_came_where_it_is(steps: list[tuple[bool, str, bool]]) -> None:
    """Each step: who moves it (ours), where to, and whether a console looks after it. A quarter of an hour lies between any two."""
    at, now, last, last_at = 0.0, "1", "1", 0.0
    moves: list[OperationRecord] = []
    sightings: list[AliasChange] = []
    theirs: list[tuple[float, str]] = []
    for is_ours, to, looked in [*steps, (True, "9", True)]:
        at += 900.0
        if to != now:
            if is_ours:
                moves.append(ours(to, at, now))
            else:
                theirs.append((at, to))
            now = to
        if looked:
            if now != last:
                sightings.append(seen(last, now, last_at, at + 100.0))
            last, last_at = now, at + 100.0
    told = by_others(sightings, moves)
    for found in told:
        assert found.move.from_version != found.move.to_version
        assert any(found.after <= when <= found.before and to == found.move.to_version for when, to in theirs), found
    if not theirs:
        assert told == ()
    for sighting in sightings:
        within = [(when, to) for when, to in theirs if sighting.after < when <= sighting.before]
        own = [move for move in moves if sighting.after < move.at <= sighting.before]
        if within and not own:
            # Only they were at work: what it came to is theirs, whole.
            assert sighting in told
        elif within and len(within) == len(own) == 1 and within[0][1] not in (sighting.move.from_version, own[0].change.to_version):
            # Which of the two came first does not matter: theirs is told, as far as it is theirs.
            assert [one.move.to_version for one in told if sighting.after <= one.after and one.before <= sighting.before] == [within[0][1]]


edges = st.lists(st.sampled_from("1234"), min_size=1, max_size=14)


@given(
    versions=edges,
    lasts=st.lists(st.booleans(), min_size=14, max_size=14),
    lengths=st.lists(st.floats(0.5, 40.0), min_size=14, max_size=14),
    pauses=st.lists(st.floats(0.1, 30.0), min_size=14, max_size=14),
    looks=st.lists(st.booleans(), min_size=42, max_size=42),
    told_previous=st.booleans(),
)
def test_however_quick_and_alike_operations_are_nobody_else_is_told_of(
    versions: list[str], lasts: list[bool], lengths: list[float], pauses: list[float], looks: list[bool], told_previous: bool
) -> None:
    """Only we move the alias, back and forth within the clocks' slack; a console looks before, during and after, or does not."""
    at, now, last, last_at = 5000.0, "1", "1", 4990.0
    moves: list[OperationRecord] = []
    sightings: list[AliasChange] = []

    def look(wanted: bool) -> None:
        nonlocal last, last_at
        if wanted and now != last:
            sightings.append(seen(last, now, last_at, at))
        if wanted:
            last, last_at = now, at

    for number, to in enumerate(versions):
        began, before = at + pauses[number], now
        at = began
        look(looks[3 * number])
        at, now = began + lengths[number] / 2, to
        look(looks[3 * number + 1])
        at, now = began + lengths[number], to if lasts[number] else before
        if before != to:
            made = ours(to, at, before, id=f"op-{number}", served=lasts[number])
            moves.append(record_with(made, since=began, alias_before=before if told_previous else None))
        look(looks[3 * number + 2])
    at += 1.0
    look(True)
    assert by_others(sightings, moves) == ()
    assert by_others(sightings[::-1], moves[::-1]) == ()


def test_operations_of_one_machine_within_a_minute_keep_to_their_own_times() -> None:
    """Somebody else moves it back between two of ours: that one is told, though ours would fit by their versions."""
    mine = [ours("4", 1010, "1"), ours("4", 1030, "1", id="again")]
    chain = [seen("1", "4", 1005, 1012), seen("4", "1", 1012, 1020), seen("1", "4", 1020, 1035)]
    assert by_others(chain, mine) == (chain[1],)


def test_of_deployments_that_share_an_alias_each_operation_moves_it_once() -> None:
    first = record_with(ours("2", 1010, "1", id="a"), key="serving/a", alias_moved=False)
    second = record_with(ours("2", 1012, "1", id="a"), key="serving/b", alias_moved=True, alias_since=1009.0, alias_until=1010.0)
    assert by_others([seen("1", "2", 1000, 1011)], [first, second]) == ()
    assert by_others([seen("1", "2", 1000, 1011)], [first]) == (seen("1", "2", 1000, 1011),)


def test_many_sightings_and_operations_are_held_together_in_no_time() -> None:
    mine = [ours("2" if number % 2 else "1", 1000.0 + 20 * number, "1" if number % 2 else "2", id=f"op-{number}") for number in range(200)]
    chain = [
        seen("1" if number % 2 else "2", "2" if number % 2 else "1", 990.0 + 20 * number, 1005.0 + 20 * number) for number in range(200)
    ]
    assert by_others(chain, mine) == ()


def test_of_deployments_that_share_an_alias_one_has_moved_it() -> None:
    """The journal tells of each Deployment apart: that one of them did not move the alias does not say that none did."""
    other, mover = (replace(ours("2", 1005, "1", id="op"), alias_moved=moved) for moved in (False, True))
    sighting = seen("1", "2", 1000, 1010)
    assert by_others([sighting], [other, mover]) == by_others([sighting], [mover, other]) == ()
    assert by_others([sighting], [other]) == (sighting,)
    assert by_others([sighting], [replace(other, alias_moved=None)]) == ()


def test_an_operation_that_set_what_was_there_moved_nothing() -> None:
    assert by_others([seen("1", "2", 1000, 1010)], [ours("2", 1005, "2")]) == (seen("1", "2", 1000, 1010),)
    assert by_others([seen("2", "2", 1000, 1010)], []) == ()


def test_when_the_alias_moved_is_told_better_than_the_whole_operation() -> None:
    long = replace(ours("2", 5000, "1"), since=0.0, alias_moved=True, alias_since=1004.0, alias_until=1006.0)
    assert by_others([seen("1", "2", 1000, 1010)], [long]) == ()
    late = [seen("1", "2", 3000, 3010)]
    assert by_others(late, [long]) == tuple(late)


def test_clocks_may_differ_by_a_minute() -> None:
    for at, ours_too in ((1070.0, True), (1072.5, False), (940.5, True), (939.0, False)):
        assert (by_others([seen("1", "2", 1000, 1010)], [ours("2", at, "1")]) == ()) is ours_too


def test_what_needs_the_clocks_to_differ_least_explains() -> None:
    told = [seen("1", "2", 1000, 1010), seen("1", "2", 1050, 1060)]
    assert by_others(told, [ours("2", 1055, "1")]) == (told[0],)
    assert by_others(told, [ours("2", 1005, "1")]) == (told[1],)


def test_a_step_that_surely_happened_between_two_readings_is_not_passed_over() -> None:
    """Whoever read before and after it must have seen it: others moved the alias there and away."""
    assert by_others([seen("1", "4", 1000, 2000)], [ours("3", 1500, "2")]) == (seen("1", "2", 1000, 1498), seen("3", "4", 1500, 2000))
    perhaps = record_with(ours("3", 1500, "2"), alias="")
    assert by_others([seen("1", "4", 1000, 2000)], [perhaps]) == (seen("1", "4", 1000, 2000),)
    overlapping = ours("3", 1001, "2")
    assert by_others([seen("1", "4", 1000, 2000)], [overlapping]) == (seen("1", "4", 1000, 2000),)


STEP = _Step("1", "2", 1000.0, 1010.0, (1010.0, 1000.0, False), surely=True)


@pytest.mark.parametrize(
    ("after", "before", "near"),
    [(900.0, 939.9, False), (900.0, 940.0, True), (1005.0, 1006.0, True), (1070.0, 1080.0, True), (1070.1, 1080.0, False)],
)
def test_a_step_is_near_what_its_clock_may_have_meant(after: float, before: float, near: bool) -> None:
    assert STEP.near(seen("1", "2", after, before), 60.0) is near


@pytest.mark.parametrize(
    ("after", "before", "inside"),
    [(1000.0, 1010.0, True), (999.0, 1011.0, True), (1000.1, 1011.0, False), (999.0, 1009.9, False)],
)
def test_a_step_is_inside_what_was_surely_read_before_and_after_it(after: float, before: float, inside: bool) -> None:
    assert STEP.inside(seen("1", "2", after, before)) is inside


VERSIONS = st.sampled_from(["1", "2", "3"])
TIMES = st.integers(0, 8).map(lambda steps: 1000.0 + 30.0 * steps)
STEPS = st.builds(
    lambda before, after, since, lasts, surely: _Step(before, after, since, since + lasts, (since + lasts, since, False), surely),
    st.one_of(VERSIONS, st.just(_ANY)),
    st.one_of(VERSIONS, st.just(_ANY)),
    TIMES,
    st.sampled_from([0.0, 10.0, 70.0]),
    st.booleans(),
)


def costs(chain: Sequence[AliasChange], steps: Sequence[_Step]) -> Iterator[int]:
    """Of every way there is, by what it costs: each step explains one sighting or none, in order."""
    for places in itertools.product((None, *range(len(chain))), repeat=len(steps)):
        taken = [place for place in places if place is not None]
        if taken != sorted(taken) or any(
            not step.near(chain[place], 60.0) for step, place in zip(steps, places, strict=True) if place is not None
        ):
            continue
        total = 0
        for step, place in zip(steps, places, strict=True):
            if place is None:
                total += 3_000_000 if step.surely and any(step.inside(one) for one in chain) else 1
            else:
                total += (0 if step.near(chain[place], 1.0) else 1_000) + (0 if step.surely else 3)
        for number, one in enumerate(chain):
            at: object = one.move.from_version
            for step, place in zip(steps, places, strict=True):
                if place == number:
                    total += 1_000_000 * (_ANY not in (at, step.before) and at != step.before)
                    at = step.after
            total += 1_000_000 * (at is not _ANY and at != one.move.to_version)
        yield total


@given(
    steps=st.lists(STEPS, max_size=4).map(lambda found: sorted(found, key=lambda step: step.order)),
    looks=st.lists(st.tuples(TIMES, VERSIONS), min_size=2, max_size=4, unique_by=lambda look: look[0]),
)
def test_no_way_is_cheaper_than_the_one_that_is_taken(steps: list[_Step], looks: list[tuple[float, str]]) -> None:
    looks.sort()
    chain = [seen(one[1], other[1], one[0], other[0]) for one, other in itertools.pairwise(looks) if one[1] != other[1]]
    assert _Chain(chain, steps).cheapest()[0] == min(costs(chain, steps))
