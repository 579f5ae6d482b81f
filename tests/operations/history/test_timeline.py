"""When a version came into service, by whatever tells of it."""

from __future__ import annotations

import math
from dataclasses import replace

from modeldeck.domain.links.links import LinkPatterns
from modeldeck.domain.operations.intent import Kind
from modeldeck.domain.operations.operation import Outcome
from modeldeck.domain.operations.version_change import VersionChange
from modeldeck.operations.history.records import OperationRecord
from modeldeck.operations.history.revisions import Revision
from modeldeck.operations.history.timeline import Arrival, aligned, timeline
from tests.domain.links.templates import deployment, replica_set
from tests.support.records import record_with

REVISION = Revision(2, "iris", "2", False, False, replica_set(deployment(), 2), 100.0, 101.0, exact=True)
MOVE = OperationRecord(
    *("op", VersionChange("serving/iris", "iris", "1", "2", alias="champion", alias_before="1"), Kind.PROMOTE, "ann@box", ""),
    *(90.0, 130.0, Outcome.DONE, True, "journal"),
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
    move = record_with(MOVE, since=95.0, at=200.0, served=served, outcome=Outcome.DONE if served else Outcome.UNDONE)
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
    move = record_with(MOVE, since=105.0, at=112.0)
    arrivals, _ = aligned([one, replace(two, since=105.0, until=115.0, exact=False), three, replace(four, since=114.0)], [move])
    assert [arrival.move for arrival in arrivals] == [None, move, None, None]
    arrivals, _ = aligned([one, replace(two, since=105.0, until=115.0, exact=False), three, replace(four, since=112.0)], [move])
    assert [arrival.move for arrival in arrivals] == [None, None, None, move], "a time that falls into it is the surest"


def test_operations_whose_revisions_are_gone_stand_between_the_others() -> None:
    known = record_with(MOVE, id="later", at=500.0)
    nameless = record_with(MOVE, id="earlier", model="", at=50.0, served=False)
    sets = [replica_set(deployment(), 1, created_at=100.0)]
    told = timeline(deployment(), sets, [nameless, known], None, LinkPatterns())
    assert [(one.model, one.version, one.move, one.served) for one in told] == [
        (None, "2", nameless, False),
        (None, None, None, True),
        ("iris", "2", known, True),
    ]


def test_an_operation_that_fits_nowhere_is_left_and_hides_no_later_one() -> None:
    gone, fits = record_with(MOVE, id="gone", to_version="9", since=80.0, at=95.0), record_with(MOVE, since=105.0, at=112.0)
    arrivals, left = aligned(story("1", "2"), [gone, fits])
    assert ([arrival.move for arrival in arrivals], left) == ([None, fits], (gone,))


def merged(found: list[Revision], *moves: OperationRecord) -> list[tuple[str | None, str | None, bool]]:
    """Of each revision: the version it is told with, whose it is, and whether it served."""
    arrivals, _ = aligned(found, moves)
    return [(one.version, one.move.id if one.move else None, one.served) for one in arrivals]


def test_a_cause_that_names_the_operation_is_surer_than_any_time() -> None:
    one, two, three = story("1", "2", "3")
    cause = "modeldeck promote iris 1 -> 2 by ann@box [op]: better"
    named = replace(two, replica_set=replace(two.replica_set, change_cause=cause))
    far = record_with(MOVE, since=5000.0, at=5100.0)
    assert merged([one, named, three], far) == [("1", None, True), ("2", "op", True), ("3", None, True)]
    assert merged([one, two, three], far) == [("1", None, True), ("2", None, True), ("3", None, True)]
    wrong = replace(named, version="9")
    assert merged([one, wrong, three], far)[1] == ("9", None, True), "it names another version: it was inherited"


def test_a_cause_without_an_id_still_says_who_did_what() -> None:
    one, two = story("1", "2")
    told = replace(two, replica_set=replace(two.replica_set, change_cause="modeldeck promote iris 1 -> 2 by ann@box: better"))
    far = record_with(MOVE, since=5000.0, at=5100.0)
    assert merged([one, told], far)[1] == ("2", "op", True)
    assert merged([one, told], replace(far, actor="bob@box"))[1] == ("2", None, True)
    assert merged([one, told], replace(far, kind=Kind.ROLLBACK))[1] == ("2", None, True)
    unknown = replace(told, replica_set=replace(told.replica_set, change_cause="modeldeck promote iris unknown -> 2 by ann@box"))
    assert merged([one, unknown], record_with(far, from_version=None))[1] == ("2", "op", True)


def test_an_operation_fits_only_what_it_did() -> None:
    one, two = story("1", "2")
    near = record_with(MOVE, since=105.0, at=112.0)
    assert merged([one, two], near)[1] == ("2", "op", True)
    assert merged([one, two], record_with(near, to_version="3"))[1][1] is None
    assert merged([one, two], record_with(near, model="wine"))[1][1] is None
    assert merged([one, replace(two, model=None)], near)[1][1] == "op"
    assert merged([one, two], record_with(near, model=""))[1][1] == "op"
    assert merged([one, two], record_with(near, since=5000.0, at=5100.0))[1][1] is None
    assert merged([one, two], record_with(near, from_version="2"))[1][1] is None, "nothing changed, so that it made no revision"
    assert merged([replace(one, version="2"), two], record_with(near, from_version="2"))[1][1] == "op", "unless it restarted the pods"


def test_behind_an_alias_the_annotation_names_what_the_operation_did() -> None:
    one, two = story("1", "2")
    annotated = replace(two.replica_set.template, annotations={"modeldeck.dev/version": "2"})
    by_alias = replace(two, version=None, by_alias=True, replica_set=replace(two.replica_set, template=annotated))
    near = record_with(MOVE, since=105.0, at=112.0)
    assert merged([one, by_alias], near)[1] == ("2", "op", True)
    assert merged([one, by_alias], record_with(near, from_version="2"))[1] == ("2", "op", True), "it restarted them all the same"
    assert merged([one, replace(by_alias, replica_set=two.replica_set)], near)[1] == (None, None, True)


def test_of_several_operations_each_takes_the_surest_place_in_order() -> None:
    found = story("1", "2", "1", "2", "3")
    first = record_with(MOVE, id="first", since=105.0, at=112.0)
    second = record_with(MOVE, id="second", since=125.0, at=132.0)
    assert [whose for _, whose, _ in merged(found, first, second)] == [None, "first", None, "second", None]
    assert [whose for _, whose, _ in merged(found, second)] == [None, None, None, "second", None]
    assert [whose for _, whose, _ in merged(found, first)] == [None, "first", None, None, None]
    back = record_with(MOVE, id="back", kind=Kind.ROLLBACK, from_version="2", to_version="1", since=115.0, at=122.0)
    assert [whose for _, whose, _ in merged(found, first, back, second)] == [None, "first", "back", "second", None]


def test_what_was_there_before_tells_two_places_of_one_time_apart() -> None:
    one, two, three, four = story("1", "2", "3", "2")
    blurred = [replace(each, since=100.0, until=200.0, exact=False) for each in (two, three, four)]
    found = [one, *blurred]
    of_one, of_three = (record_with(MOVE, from_version=before, since=100.0, at=200.0) for before in ("1", "3"))
    assert [whose for _, whose, _ in merged(found, of_one)] == [None, "op", None, None]
    assert [whose for _, whose, _ in merged(found, of_three)] == [None, None, None, "op"]


def test_a_way_back_is_the_very_next_revision_of_the_set_before() -> None:
    move = record_with(MOVE, since=95.0, at=200.0, served=False, outcome=Outcome.UNDONE)
    for versions, back in ((("1", "2", "1"), 2), (("1", "2", "3"), None), (("1", "2", "3", "1"), None), (("2", "1"), None)):
        arrivals, _ = aligned(story(*versions), [move])
        assert [index for index, one in enumerate(arrivals) if one.back] == ([back] if back is not None else [])
    late = story("1", "2", "1")
    arrivals, _ = aligned([*late[:2], replace(late[2], since=5000.0, until=5001.0)], [move])
    assert not arrivals[2].back
    (_, _, returned), _ = aligned([*late[:2], replace(late[2], version=None)], [move])
    assert (returned.version, returned.back, returned.served) == ("1", True, True)


def test_a_colleagues_operation_with_an_open_end_serves_unless_it_went_back() -> None:
    mine = record_with(MOVE, since=95.0, at=200.0, served=False, outcome=Outcome.NEEDS_ATTENTION)
    theirs = replace(mine, source="annotations")
    assert merged(story("1", "2"), mine)[1] == ("2", "op", False)
    assert merged(story("1", "2"), theirs)[1] == ("2", "op", True)
    assert merged(story("1", "2", "1"), theirs)[1] == ("2", "op", False)


def test_what_an_operation_made_is_timed_by_it_where_clocks_agree() -> None:
    one, two = story("1", "2")
    blurred = replace(two, since=100.0, until=math.inf, exact=False)
    (_, timed), _ = aligned([one, blurred], [record_with(MOVE, since=105.0, at=150.0)])
    assert timed.revision is not None
    assert (timed.revision.since, timed.revision.until) == (105.0, 150.0)
    (_, apart), _ = aligned([one, two], [record_with(MOVE, since=50.0, at=90.0)])
    assert apart.move is not None
    assert apart.revision is not None
    assert (apart.revision.since, apart.revision.until) == (110.0, 111.0)


def test_operations_without_a_revision_stand_where_their_time_is() -> None:
    sets = [replica_set(deployment(), number, created_at=100.0 * number) for number in (1, 2)]
    moves = [record_with(MOVE, id=str(at), to_version="9", at=at, since=at - 1) for at in (100.0, 150.0, 200.5)]
    told = timeline(deployment(), sets, moves, None, LinkPatterns())
    assert [one.move.id if one.move else one.revision and one.revision.number for one in told] == ["100.0", 1, "150.0", 2, "200.5"]
    assert [one.version for one in timeline(deployment(), sets, (), None, LinkPatterns())] == [None, None]


def test_of_two_operations_that_fit_one_revision_the_later_one_made_it() -> None:
    """Memories forget the oldest operations last, and revisions first."""
    early, late = (record_with(MOVE, id=id, since=105.0, at=at) for id, at in (("early", 111.0), ("late", 112.0)))
    assert merged(story("1", "2", "3"), early, late)[1][1] == "late"


def test_each_operation_has_a_revision_of_its_own_though_both_would_fit_one_better() -> None:
    first, second = (record_with(MOVE, id=id, since=105.0, at=112.0) for id in ("first", "second"))
    assert [whose for _, whose, _ in merged(story("1", "2", "1", "2"), first, second)] == [None, "first", None, "second"]


CAUSE = "modeldeck promote iris 1 -> 2 by ann@box [20270115-080000-ab12]"


def test_a_revision_that_its_cause_gives_to_one_operation_is_not_free_for_another() -> None:
    one, two = story("1", "2")
    named = replace(two, replica_set=replace(two.replica_set, change_cause=CAUSE))
    owner, other = (record_with(MOVE, id=id, since=105.0, at=112.0) for id in ("20270115-080000-ab12", "other"))
    for moves in ((owner, other), (other, owner)):
        arrivals, left = aligned([one, named], moves)
        assert ([arrival.move for arrival in arrivals], left) == ([None, owner], (other,))


def test_a_cause_names_its_operation_though_the_clocks_and_what_it_found_are_told_otherwise() -> None:
    one, two = story("1", "2")
    named = replace(two, replica_set=replace(two.replica_set, change_cause=CAUSE))
    move = record_with(MOVE, id="20270115-080000-ab12", from_version=None, since=50_000.0, at=50_100.0)
    assert merged([one, named], move)[1][1] == move.id


def test_of_the_revisions_of_one_set_the_latest_has_its_cause() -> None:
    """A set keeps the cause of its last operation."""
    one, two, three, four = story("1", "2", "1", "2")
    own = replace(two.replica_set, change_cause=CAUSE, revision=4)
    blurred = [replace(each, replica_set=own, since=100.0, until=200.0, exact=False) for each in (two, four)]
    move = record_with(MOVE, id="20270115-080000-ab12", since=120.0, at=180.0)
    assert [whose for _, whose, _ in merged([one, blurred[0], three, blurred[1]], move)] == [None, None, None, move.id]


def test_behind_an_alias_the_set_that_served_before_is_named_as_well() -> None:
    """The deployment is marked before its pods are restarted; a later restart by others inherits cause and annotation."""
    annotated = replace(REVISION.replica_set.template, annotations={"modeldeck.dev/version": "2"})

    def behind_an_alias(one: Revision, version: str | None) -> Revision:
        template = annotated if version else one.replica_set.template
        own = replace(one.replica_set, uid=f"set-{one.number}", change_cause=CAUSE, template=template)
        return replace(one, version=version, by_alias=True, returned=False, replica_set=own)

    first, second, third = story("1", "2", "3")
    found = [behind_an_alias(first, None), behind_an_alias(second, "2"), behind_an_alias(replace(third, since=112.0, until=113.0), "2")]
    move = record_with(MOVE, id="20270115-080000-ab12", since=105.0, at=112.0)
    assert [whose for _, whose, _ in merged(found, move)] == [None, move.id, None]


def test_what_another_operation_made_that_is_not_known_here_is_not_given_to_one_of_its_time() -> None:
    one, two = story("1", "2")
    named = replace(two, replica_set=replace(two.replica_set, change_cause=CAUSE))
    near = record_with(MOVE, actor="bob", since=105.0, at=112.0)
    assert merged([one, named], near)[1][1] is None
    later = CAUSE.replace("20270115", "20270116")
    before = replace(one, replica_set=replace(one.replica_set, change_cause=later))
    assert merged([before, named], near)[1][1] is None, "whatever was named before"
    assert merged([one, two], near)[1][1] == "op"


def test_a_time_that_is_known_is_surer_than_later_bounds() -> None:
    one, two, three, four = story("1", "2", "1", "2")
    blurred = replace(four, since=105.0, until=150.0, exact=False)
    assert [whose for _, whose, _ in merged([one, two, three, blurred], record_with(MOVE, since=105.0, at=112.0))] == [
        None,
        "op",
        None,
        None,
    ]


def test_kubernetes_cuts_what_is_less_than_a_second_off() -> None:
    one, two, three, four = story("1", "2", "1", "2")
    found = [one, two, three, replace(four, since=100.0, until=150.0, exact=False)]
    for since, at, place in ((105.0, 109.0, 1), (111.0, 120.0, 1), (105.0, 108.9, 3), (111.1, 120.0, 3)):
        told = [whose for _, whose, _ in merged(found, record_with(MOVE, since=since, at=at))]
        assert told.index("op") == place, (since, at)
