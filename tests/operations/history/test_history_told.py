"""One past move as each memory alone tells it: what is known of it, what is not, and whose doing it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from modeldeck.domain.identity import ClusterId
from modeldeck.domain.kubernetes.annotations import HISTORY, HISTORY_LENGTH, OPERATION, OperationAnnotation, history_text, mark_text
from modeldeck.domain.kubernetes.workloads import Deployment, FieldOwner, Fleet, ReplicaSet
from modeldeck.domain.links.links import LinkPatterns
from modeldeck.domain.mlflow.alias_changes import AliasChange, AliasMove
from modeldeck.domain.mlflow.registry import ModelVersion, RegisteredModel, Registry
from modeldeck.domain.operations.history_entry import HistoryEntry
from modeldeck.domain.operations.intent import Kind
from modeldeck.domain.operations.operation import Operation, Outcome, State
from modeldeck.domain.operations.version_change import VersionChange
from modeldeck.operations.history.history import Memories, history
from tests.domain.links.templates import container, deployment, replica_set, template
from tests.support.operations import BEGUN

HERE, THERE = ClusterId("uid-here"), ClusterId("uid-there")
ID, EARLIER = "20260101-000000-aaaa", "20250101-000000-bbbb"
AT = 1_767_225_600.0
"""When ID was planned."""


def naming(version: str, model: str = "iris") -> Any:
    return template(container(env={"MODEL_URI": f"models:/{model}/{version}"}))


OF = deployment(of=naming("2"))


def tell(*marks: OperationAnnotation, of: Deployment = OF, standing: OperationAnnotation | None = None) -> Deployment:
    """The newest first."""
    annotations: dict[str, str] = dict(of.annotations)
    for mark in reversed(marks):
        annotations[HISTORY] = history_text(annotations, mark)
    if standing is not None:
        annotations[OPERATION] = mark_text(standing)
    return replace(of, annotations=annotations)


def done(id: str = ID, **fields: Any) -> OperationAnnotation:
    values = {"kind": "promote", "actor": "ann", "model": "iris", "from_version": "1", "to_version": "2", "alias": "champion"}
    return OperationAnnotation(id, **{**values, "reason": "better", "at": "2026-01-01T00:05:00Z", "outcome": "done", **fields})


def told(*deployments: Deployment, sets: Sequence[ReplicaSet] = (), of: str | None = None, **memories: Any) -> tuple[HistoryEntry, ...]:
    known = Memories(Fleet(deployments, tuple(sets), ()), None, cluster=HERE)
    return history(replace(known, **memories), LinkPatterns(), of=of)


def test_an_operation_that_only_its_deployment_remembers() -> None:
    (past,) = told(tell(done()))
    change = VersionChange("serving/iris", "iris", "1", "2", uid="uid-iris", alias="champion")
    ended = (State.ENDED, Outcome.DONE, AT, AT + 300.0)
    assert past == HistoryEntry(ID, Kind.PROMOTE, "ann", (change,), "better", *ended, "", "cluster")


def test_one_that_is_under_way_has_no_end() -> None:
    (past,) = told(tell(standing=done(outcome="", at="2026-01-01T00:00:01Z")))
    operation = past
    assert (operation.state, operation.outcome, operation.finished_at, operation.started_at) == (State.RUNNING, None, None, AT)


@pytest.mark.parametrize(("outcome", "read"), [("undone", Outcome.UNDONE), ("of a newer modeldeck", Outcome.NEEDS_ATTENTION)])
def test_how_it_ended_is_told_as_far_as_it_is_understood(outcome: str, read: Outcome) -> None:
    (past,) = told(tell(done(outcome=outcome)))
    assert (past.state, past.outcome) == (State.ENDED, read)


def test_of_several_deployments_the_last_one_names_the_operation() -> None:
    staging = tell(done(at="2026-01-01T00:04:00Z", from_version="7"), of=deployment("staging", naming("2")))
    for order in ((tell(done()), staging), (staging, tell(done()))):
        (past,) = told(*order)
        assert past.last.key == "serving/iris"
        assert past.changes[:-1] == (VersionChange("serving/staging", "iris", "7", "2", uid="uid-staging", alias="champion"),)
        assert past.keys == ("serving/staging", "serving/iris")
        assert past.is_about("staging")


def cause(id: str = ID) -> str:
    return f"modeldeck rollback iris 3 -> 2 by bob [{id}]: slow"


def test_a_change_cause_tells_of_an_operation_and_not_how_it_ended() -> None:
    sets = [replica_set(OF, 1, naming("3"), created_at=AT - 900.0), replica_set(OF, 2, naming("2"), created_at=AT, change_cause=cause())]
    (past,) = told(OF, sets=sets)
    operation = past
    assert (past.source, operation.kind, operation.actor, operation.reason) == ("cluster", Kind.ROLLBACK, "bob", "slow")
    assert (operation.state, operation.outcome, operation.finished_at) == (State.ENDED, None, None)
    assert operation.message == "as the change cause tells; how it ended is not known"
    assert operation.changes[:-1] == ()


def tagged(**tags: str) -> Registry:
    found = {f"modeldeck.{key}": text for key, text in tags.items()}
    version = ModelVersion("iris", "2", None, "READY", "None", 1.0, "", tags=found)
    return Registry((RegisteredModel("iris", {}),), (version,))


def test_tags_tell_of_an_operation_wherever_it_was() -> None:
    registry = tagged(operation=ID, deployment="serving/iris", when="2026-01-01T00:05:00Z", actor="ann", cluster="uid:uid-there")
    (past,) = told(registry=registry)
    assert (past.source, past.cluster, past.elsewhere) == ("tags", THERE, frozenset({"serving/iris"}))
    assert past.finished_at == AT + 300.0
    assert not past.is_about("serving/iris")
    assert past.is_about("iris"), "its model is called so"
    (here,) = told(tell(done()), registry=registry)
    assert here.source == "cluster", "the Deployment knows more"


def journaled(**fields: Any) -> Operation:
    values = {"id": ID, "state": State.ENDED, "outcome": Outcome.DONE, "started_at": AT, "finished_at": AT + 300.0, "cluster": HERE}
    change = VersionChange("serving/iris", "iris", "1", "2", uid=fields.pop("uid", "uid-iris"), alias="champion", alias_before="1")
    return replace(BEGUN, **{**values, "changes": (change,), "steps": (), **fields})


def test_the_journal_tells_best() -> None:
    mine = journaled(message="as it was")
    (past,) = told(tell(done()), journal=(mine,))
    own = (mine.id, mine.kind, mine.actor, mine.changes, mine.reason, mine.state, mine.outcome, mine.started_at, mine.finished_at)
    assert past == HistoryEntry(*own, "as it was", "journal", "prod", HERE)
    unsure = journaled(cluster=ClusterId())
    (past,) = told(tell(done()), journal=(unsure,))
    assert past.source == "journal", "it may well be this cluster"


def test_operations_of_other_clusters_are_told_by_their_own_journals() -> None:
    assert told(journal=(journaled(cluster=THERE),)) == ()


def test_what_is_of_a_deployment_that_has_gone_is_not_of_its_successor() -> None:
    (past,) = told(OF, journal=(journaled(uid="uid-before"),))
    assert past.elsewhere == {"serving/iris"}
    assert not past.is_about("serving/iris")
    (gone,) = told(journal=(journaled(uid="uid-before"),))
    assert gone.elsewhere == frozenset(), "there is none of its name that it could be taken for"
    assert gone.is_about("serving/iris")


SEEN = AliasChange(AliasMove("iris", "champion", "1", "2"), AT + 100.0, AT + 200.0)


def test_an_alias_that_was_seen_to_move_concerns_those_that_serve_its_model() -> None:
    wine, plain = deployment("wine", naming("1", "wine")), deployment("plain")
    (past,) = told(OF, wine, plain, deployment("other", naming("9")), sightings=(SEEN,))
    assert (past.source, past.concerns) == ("registry", frozenset({"serving/iris", "serving/other"}))
    operation = past
    assert operation.id == "iris@champion:1>2@2026-01-01T00:03:20.000Z"
    assert (operation.kind, operation.actor, operation.last.model, operation.last.alias) == (Kind.MOVE, "", "iris", "champion")
    assert (operation.started_at, operation.finished_at, operation.outcome) == (AT + 100.0, AT + 200.0, Outcome.DONE)
    assert operation.message == (
        "by no operation known here: champion was at 1 at 2026-01-01T00:01:40.000Z and at 2 at 2026-01-01T00:03:20.000Z"
    )


def test_an_alias_that_came_or_went() -> None:
    came, went = (AliasChange(AliasMove("iris", "champion", *versions), AT, AT + 1.0) for versions in ((None, "2"), ("2", None)))
    (one,), (other,) = told(sightings=(came,)), told(sightings=(went,))
    assert "champion was not there at " in one.message
    assert one.id.startswith("iris@champion:>2@")
    assert other.message.partition(" and ")[2].startswith("not there at ")
    assert (other.last.from_version, other.last.to_version) == ("2", "")


@pytest.mark.parametrize(("registry_id", "theirs", "explained"), [("r", "r", True), ("r", "q", False), ("", "q", True)])
def test_operations_in_other_clusters_explain_an_alias_of_the_same_registry(registry_id: str, theirs: str, explained: bool) -> None:
    elsewhere = journaled(cluster=THERE, registry=theirs, started_at=AT + 100.0, finished_at=AT + 200.0)
    found = told(journal=(elsewhere,), sightings=(SEEN,), registry_id=registry_id)
    assert (found == ()) is explained
    here = replace(elsewhere, cluster=HERE, registry="q")
    assert [past.source for past in told(journal=(here,), sightings=(SEEN,), registry_id="r")] == ["journal"]


def by_hand(*owners: FieldOwner, marks: Sequence[OperationAnnotation] = (), second: float = AT, **fields: Any) -> HistoryEntry:
    """Somebody's change from 1 to 2."""
    of = replace(tell(*marks), owners=owners, **fields)
    sets = [replica_set(of, 1, naming("1"), created_at=second - 900.0), replica_set(of, 2, naming("2"), created_at=second)]
    (past,) = (one for one in told(of, sets=sets) if one.kind is Kind.MOVE)
    return past


def owner(manager: str, at: float = AT) -> FieldOwner:
    return FieldOwner(manager, "Update", at, owns_template=True, owns_replicas=False)


def test_who_changed_a_template_by_hand() -> None:
    known = by_hand(owner("argocd"))
    assert (known.actor, known.message) == ("argocd", "by no operation known here: the template was changed (revision 2)")
    assert (known.id, known.started_at, known.finished_at) == ("iris-2@2", AT, AT + 1.0)
    unknown = by_hand()
    assert (unknown.actor, unknown.message) == ("", "by no operation known here: the template was changed (revision 2)")
    ours = by_hand(owner("modeldeck"))
    assert (ours.actor, ours.message.partition(":")[0]) == ("", "by an operation of modeldeck that is not known here")


def full(length: int = HISTORY_LENGTH) -> list[OperationAnnotation]:
    """The last operations, of this year, each on another model so that none explains anything."""
    return [done(f"20260{number % 9 + 1}01-000000-{number:04d}", model="wine", to_version="8") for number in range(length)]


def test_beyond_what_a_deployment_remembers_nobody_is_accused() -> None:
    """Its history holds the last ten, of which the oldest was planned in January."""
    forgotten = "by whom is not known, as a deployment remembers its last 10 operations"
    assert by_hand(marks=full(), second=AT - 1.0).message.startswith(forgotten)
    assert by_hand(marks=full(), second=AT).message.startswith("by no operation known here")
    assert by_hand(marks=full(HISTORY_LENGTH - 1), second=AT - 1.0).message.startswith("by no operation known here")
    assert by_hand(owner("argocd", AT - 1.0), marks=full(), second=AT - 1.0).message.startswith("by no operation known here")


@pytest.mark.parametrize(("version", "told_from"), [("1", "1"), (None, None)])
def test_what_was_there_before_is_told_where_nothing_is_missing_between(version: str | None, told_from: str | None) -> None:
    before = naming("1") if version else naming("1", "wine")
    sets = [replica_set(OF, 1, before, created_at=AT - 900.0), replica_set(OF, 2, naming("2"), created_at=AT)]
    (past,) = told(OF, sets=sets)
    assert past.last.from_version == told_from
    gap = [sets[0], replace(sets[1], revision=3)]
    (past,) = told(OF, sets=gap)
    assert past.last.from_version is None


def test_a_rollout_that_has_not_ended_is_under_way_unless_another_one_came() -> None:
    going = replace(OF, annotations={"deployment.kubernetes.io/revision": "2"}, updated=0)
    sets = [replica_set(going, 1, naming("1"), created_at=AT - 900.0), replica_set(going, 2, naming("2"), created_at=AT)]
    (past,) = told(going, sets=sets)
    assert (past.state, past.outcome, past.finished_at) == (State.RUNNING, None, None)
    later = replace(going, annotations={"deployment.kubernetes.io/revision": "3"})
    newest, older = told(later, sets=[*sets, replica_set(later, 3, naming("3"), created_at=AT + 900.0)])
    assert (newest.state, older.state) == (State.RUNNING, State.ENDED)
    assert (older.outcome, older.finished_at) == (Outcome.DONE, AT + 1.0)


def test_what_was_first_was_moved_by_nobody_and_the_same_again_is_no_move() -> None:
    sets = [replica_set(OF, number, naming("2"), name=f"iris-{number}", created_at=AT + number) for number in (1, 2)]
    assert told(OF, sets=sets) == ()


def test_only_one_deployment_is_looked_into_where_only_that_is_asked_for() -> None:
    other = deployment("wine", naming("2"))
    sets = [replica_set(of, number, naming(str(number)), created_at=AT + number) for of in (OF, other) for number in (1, 2)]
    assert {past.last.deployment for past in told(OF, other, sets=sets)} == {"iris", "wine"}
    assert {past.last.deployment for past in told(OF, other, sets=sets, of="serving/wine")} == {"wine"}
    assert told(OF, other, sets=sets, of="serving/nowhere") == ()


def test_the_newest_end_comes_first_and_of_one_end_the_newest_beginning() -> None:
    ends = {"a": (10.0, 50.0), "b": (20.0, 50.0), "c": (60.0, None), "d": (5.0, 40.0)}
    journal = tuple(
        journaled(id=id, started_at=begun, finished_at=ended, state=State.ENDED if ended else State.RUNNING)
        for id, (begun, ended) in ends.items()
    )
    assert [past.id for past in told(journal=journal)] == ["c", "b", "a", "d"]


def test_an_operation_known_by_an_earlier_id_does_not_hide_another() -> None:
    found = told(tell(done(), done(EARLIER, at="2025-01-01T00:05:00Z")), journal=(journaled(),))
    assert [(past.id, past.source) for past in found] == [(ID, "journal"), (EARLIER, "cluster")]
