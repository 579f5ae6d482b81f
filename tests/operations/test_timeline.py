"""When a version came into service, by whatever tells of it."""

from __future__ import annotations

import math
from dataclasses import replace

from tests.domain.templates import deployment, replica_set
from tui.domain.links import LinkPatterns
from tui.domain.promotions import Kind, Outcome
from tui.operations.moves import Move
from tui.operations.revisions import Revision
from tui.operations.timeline import Arrival, aligned, timeline

REVISION = Revision(2, "iris", "2", False, False, replica_set(deployment(), 2), 100.0, 101.0, exact=True)
MOVE = Move(
    *("op", "serving/iris", "", Kind.PROMOTE, "ann@box", "", "iris", "champion", "1", "1", "2"), 90.0, 130.0, Outcome.DONE, True, "journal"
)


def test_it_began_when_its_revision_did_and_was_over_when_the_operation_was() -> None:
    both, alone, byhand = Arrival("iris", "2", REVISION, MOVE), Arrival("iris", "2", None, MOVE), Arrival("iris", "2", REVISION)
    assert [(one.since, one.at) for one in (both, alone, byhand)] == [(100.0, 130.0), (130.0, 130.0), (100.0, 101.0)]


def test_of_the_way_back_and_of_what_nobody_tells_only_the_revision_does() -> None:
    back, lost = Arrival("iris", "1", REVISION, MOVE, back=True), Arrival("iris", "1", None, MOVE, back=True)
    unbounded = Arrival("iris", "1", replace(REVISION, until=math.inf))
    assert [(one.since, one.at) for one in (back, lost, unbounded)] == [(100.0, 101.0), (0.0, 0.0), (100.0, 100.0)]


def story(*versions: str) -> list[Revision]:
    """Revisions ten seconds apart; those of one version are of one ReplicaSet."""
    return [
        Revision(
            *(number, "iris", version, False, version in versions[: number - 1]),
            replica_set(deployment(), number, uid=f"set-{version}"),
            *(90.0 + 10 * number, 91.0 + 10 * number),
            exact=True,
        )
        for number, version in enumerate(versions, 1)
    ]


def told(*versions: str, served: bool) -> list[tuple[bool, bool]]:
    """Of each revision: whether the operation from 1 to 2 made it, and whether as its way back."""
    move = replace(MOVE, since=95.0, at=200.0, served=served, outcome=Outcome.DONE if served else Outcome.UNDONE)
    arrivals, left = aligned(story(*versions), [move])
    assert left == ()
    return [(one.move is not None, one.back) for one in arrivals]


NOBODY, FORTH, BACK = (False, False), (True, False), (True, True)


def test_an_operation_made_one_revision_the_one_that_fits_what_it_found() -> None:
    assert told("1", "2", "3", "2", served=True) == [NOBODY, FORTH, NOBODY, NOBODY]
    assert told("1", "2", "1", "2", served=True) == [NOBODY, NOBODY, NOBODY, FORTH], "memories forget the oldest first"


def test_an_operation_that_was_undone_made_two_one_after_the_other() -> None:
    assert told("1", "2", "1", "2", served=False) == [NOBODY, FORTH, BACK, NOBODY]


def test_bounds_are_surer_than_a_time_for_which_clocks_must_be_wrong() -> None:
    one, two, three, four = story("1", "2", "1", "2")
    move = replace(MOVE, since=105.0, at=112.0)
    arrivals, _ = aligned([one, replace(two, since=105.0, until=115.0, exact=False), three, replace(four, since=114.0)], [move])
    assert [arrival.move for arrival in arrivals] == [None, move, None, None]
    arrivals, _ = aligned([one, replace(two, since=105.0, until=115.0, exact=False), three, replace(four, since=112.0)], [move])
    assert [arrival.move for arrival in arrivals] == [None, None, None, move], "a time that falls into it is the surest"


def test_operations_whose_revisions_are_gone_stand_between_the_others() -> None:
    known = replace(MOVE, id="later", at=500.0)
    nameless = replace(MOVE, id="earlier", model="", at=50.0, served=False)
    sets = [replica_set(deployment(), 1, created_at=100.0)]
    told = timeline(deployment(), sets, [nameless, known], None, LinkPatterns())
    assert [(one.model, one.version, one.move, one.served) for one in told] == [
        (None, "2", nameless, False),
        (None, None, None, True),
        ("iris", "2", known, True),
    ]


def test_an_operation_that_fits_nowhere_is_left_and_hides_no_later_one() -> None:
    gone, fits = replace(MOVE, id="gone", to_version="9", since=80.0, at=95.0), replace(MOVE, since=105.0, at=112.0)
    arrivals, left = aligned(story("1", "2"), [gone, fits])
    assert ([arrival.move for arrival in arrivals], left) == ([None, fits], (gone,))
