"""Candidates of a roll-back by what each memory tells of the Deployment: when they served, what ended that, and which is the default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from modeldeck.domain.kubernetes.workloads import Deployment, FieldOwner, Fleet, PodTemplate, ReplicaSet
from modeldeck.domain.links.links import LinkPatterns
from modeldeck.domain.mlflow.registry import ModelVersion, RegisteredModel, Registry
from modeldeck.domain.operations.intent import Kind
from modeldeck.domain.operations.operation import Operation, Outcome, State
from modeldeck.domain.operations.rollback_target import RollbackTarget
from modeldeck.operations.planning.candidate_metrics import Span
from modeldeck.operations.planning.rollback_candidates import rollback_targets
from tests.domain.links.templates import container, deployment, replica_set, template
from tests.support.operations import BEGUN
from tests.support.plans import with_change

REGISTRY = Registry(
    (RegisteredModel("iris", {}),), tuple(ModelVersion("iris", str(number), None, "READY", "None", 1.0, "") for number in range(1, 7))
)


def naming(version: str, model: str = "iris") -> PodTemplate:
    return template(container(env={"MODEL_URI": f"models:/{model}/{version}"}))


def of(**parts: Any) -> Deployment:
    return deployment(of=naming("1"), **parts)


def revision(number: int, version: str, at: float | None = None, **parts: Any) -> ReplicaSet:
    """Made a thousand seconds after the one before."""
    model = parts.pop("model", "iris")
    return replica_set(of(), number, naming(version, model), created_at=1000.0 * number if at is None else at, **parts)


def operation(before: str | None, after: str, at: float, kind: Kind = Kind.PROMOTE, **fields: Any) -> Operation:
    """Of a hundred seconds, which ended then."""
    values: dict[str, Any] = {
        "id": f"op-{at:.0f}",
        "actor": "ann",
        "reason": "better",
        "state": State.ENDED,
        "outcome": Outcome.DONE,
        "steps": (),
    }
    change = replace(BEGUN.last, uid="uid-iris", from_version=before, to_version=after)
    values |= {"changes": (change,), "started_at": at - 100.0, "finished_at": at}
    return replace(BEGUN, **{**values, "kind": kind, **fields})


def candidates(
    *sets: ReplicaSet,
    past: Sequence[Operation] = (),
    serving: str | None = "1",
    measured: Mapping[str, Span] | None = None,
    registry: Registry | None = REGISTRY,
    about: Deployment | None = None,
) -> tuple[RollbackTarget, ...]:
    about = about or of()
    return rollback_targets(about, Fleet((about,), sets, ()), past, registry, serving, LinkPatterns(), "iris", measured)


def told(found: Sequence[RollbackTarget]) -> list[tuple[str, float | None, float | None]]:
    return [(one.version, one.served_from, one.served_until) for one in found]


def test_by_its_replica_sets_alone() -> None:
    found = candidates(revision(1, "1"), revision(2, "2"), revision(3, "3"), serving="3")
    assert told(found) == [("2", 2001.0, 3001.0), ("1", 1001.0, 2001.0)]
    assert [(one.revision, one.sources, one.is_default) for one in found] == [(2, ("replica sets",), True), (1, ("replica sets",), False)]
    assert [one.ended_why for one in found] == ["replaced by 3 outside of modeldeck", "replaced by 2 outside of modeldeck"]


def test_what_an_operation_found_had_served_whoever_tells_of_it() -> None:
    (found,) = candidates(past=[operation("4", "5", 5000.0)], serving="5")
    assert (found.version, found.served_from, found.served_until) == ("4", None, 5000.0)
    assert (found.sources, found.revision, found.ended_why) == (("journal",), None, "replaced by 5 by ann: better")
    assert candidates(past=[operation("5", "5", 5000.0)], serving="5") == (), "it only moved the alias"
    assert candidates(past=[operation(None, "5", 5000.0)], serving="5") == ()


def test_what_it_found_is_told_once_where_it_is_known_to_have_served() -> None:
    found = candidates(past=[operation("3", "4", 4000.0), operation("4", "5", 5000.0)], serving="5")
    assert told(found) == [("4", 4000.0, 5000.0), ("3", None, 4000.0)]
    between = candidates(past=[operation("3", "4", 4000.0), operation("6", "5", 5000.0)], serving="5")
    assert [one.version for one in between] == ["6", "4", "3"], "somebody had changed it meanwhile"


def test_the_actor_and_the_reason_are_told_where_there_are_any() -> None:
    (quiet,) = candidates(past=[operation("4", "5", 5000.0, actor="", reason="")], serving="5")
    assert quiet.ended_why == "replaced by 5"
    back = [operation("3", "4", 4000.0), operation("4", "3", 5000.0, Kind.ROLLBACK, reason="slow")]
    (found,) = candidates(past=back, serving="3")
    assert (found.version, found.ended_why, found.rolled_back, found.is_default) == ("4", "rolled back to 3 by ann: slow", True, False)


def test_of_several_services_the_last_one_counts() -> None:
    past = [operation(*versions, 1000.0 * at) for at, versions in enumerate((("1", "2"), ("2", "1"), ("1", "2"), ("2", "3")), 1)]
    found = candidates(past=[*past[:3], replace(past[3], reason="faster")], serving="3")
    assert told(found) == [("2", 3000.0, 4000.0), ("1", 2000.0, 3000.0)]
    assert [one.ended_why for one in found] == ["replaced by 3 by ann: faster", "replaced by 2 by ann: better"]


def test_of_another_model_nothing_is_a_candidate() -> None:
    sets = (revision(1, "9", model="wine"), revision(2, "2"), revision(3, "3"))
    assert [one.version for one in candidates(*sets, serving="3")] == ["2"]
    assert candidates(past=[with_change(operation("8", "9", 900.0), model="wine")], serving="1") == ()


def test_another_deployments_sets_tell_nothing() -> None:
    strange = replace(revision(2, "2"), owner_uid="another")
    assert candidates(revision(1, "1"), strange) == ()


def test_what_is_undone_was_only_tried() -> None:
    undone = operation("1", "2", 2050.0, outcome=Outcome.UNDONE)
    sets = (revision(1, "1", 100.0), revision(2, "2", 2000.0))
    assert candidates(sets[0], sets[1], past=[undone]) == ()
    assert candidates(sets[0], sets[1], past=[undone], measured={"2": (1.0, 2.0)}) == (), "its pods may have exported it"
    (known,) = candidates(sets[0], sets[1], past=[undone], measured={"3": (1.0, 2.0)})
    assert (known.version, known.is_default) == ("3", True)


def test_one_that_came_back_was_rolled_back_to_unless_what_it_names_had_been() -> None:
    again = replace(revision(4, "2"), annotations={"deployment.kubernetes.io/revision-history": "2"}, created_at=2000.0)
    found = candidates(revision(1, "1"), again, revision(3, "3"), serving="2")
    assert [(one.version, one.rolled_back, one.is_default) for one in found] == [("3", True, False), ("1", False, True)]
    assert found[0].ended_why == "went back to 2 outside of modeldeck"
    assert found[1].ended_why == "replaced by 2 outside of modeldeck"


def test_who_replaced_it_and_why_are_told_as_far_as_they_are_known() -> None:
    owner = FieldOwner("argocd", "Update", 2000.0, owns_template=True, owns_replicas=False)
    sets = (revision(1, "1"), revision(2, "2", change_cause="nightly build"))
    (found,) = candidates(*sets, serving="2", about=of(owners=(owner,)))
    assert found.ended_why == "replaced by 2 outside of modeldeck (argocd): nightly build"
    ours = revision(2, "2", change_cause="modeldeck promote iris 3 -> 9 by bob [20270115-080000-ab12]: x")
    (inherited,) = candidates(sets[0], ours, serving="2", about=of(owners=(owner,)))
    assert inherited.ended_why == "replaced by 2 outside of modeldeck (argocd)"


def test_what_nobody_can_tell_ends_a_service_too() -> None:
    """Pods behind an alias asked the registry when they were started."""
    asked = replica_set(of(), 2, template(container(env={"MODEL_URI": "models:/iris@champion"})), created_at=2000.0)
    (found,) = candidates(revision(1, "1"), asked, serving="3")
    assert (found.version, found.served_until) == ("1", 2001.0)
    assert found.ended_why == "replaced by what the registry said then outside of modeldeck"


MEASURED = {"2": (50.0, 900.0), "3": (60.0, 800.0), "4": (10.0, 950.0)}


def test_what_was_only_measured_comes_after_everything_else_the_latest_first() -> None:
    found = candidates(revision(1, "1"), revision(2, "5"), serving="5", measured=MEASURED)
    assert [one.version for one in found] == ["1", "4", "2", "3"]
    assert [(one.version, one.served_from, one.served_until) for one in found[1:]] == [
        ("4", 10.0, 950.0),
        ("2", 50.0, 900.0),
        ("3", 60.0, 800.0),
    ]
    assert {one.sources for one in found[1:]} == {("metrics",)}
    assert [one.is_default for one in found] == [True, False, False, False]


@pytest.mark.parametrize("serving", ["2", "4"])
def test_what_serves_now_is_no_candidate_and_neither_is_what_is_not_registered(serving: str) -> None:
    found = candidates(serving=serving, measured={**MEASURED, "77": (1.0, 2000.0)})
    assert {one.version for one in found} == set(MEASURED) - {serving}
    assert candidates(serving=serving, measured=MEASURED, registry=None) == ()


def test_what_was_measured_fills_in_what_else_is_not_known() -> None:
    past = [operation("4", "5", 5000.0)]
    (filled,) = candidates(past=past, serving="5", measured={"4": (100.0, 4900.0)})
    assert (filled.served_from, filled.served_until, filled.sources) == (100.0, 5000.0, ("journal", "metrics"))
    (known,) = candidates(revision(1, "1"), revision(2, "2"), serving="2", measured={"1": (3.0, 4.0)})
    assert (known.served_from, known.served_until, known.sources) == (1001.0, 2001.0, ("replica sets", "metrics"))
    (open_end,) = candidates(revision(1, "1"), serving="2", measured={"1": (3.0, 4.0)})
    assert (open_end.served_from, open_end.served_until, open_end.ended_why) == (1001.0, 4.0, "")
    (unknown,) = candidates(revision(1, "1"), serving="2")
    assert (unknown.served_until, unknown.ended_why) == (None, "")


def test_an_operation_and_its_replica_set_tell_of_one_service() -> None:
    sets = (revision(1, "1"), revision(2, "2"), revision(3, "3"))
    past = [operation("1", "2", 2050.0), operation("2", "3", 3050.0)]
    found = candidates(*sets, past=past, serving="3")
    assert told(found) == [("2", 2050.0, 3050.0), ("1", 1001.0, 2050.0)]
    assert [one.sources for one in found] == [("journal", "replica sets")] * 2
    assert [one.revision for one in found] == [2, 1]


def test_one_that_is_under_way_has_not_ended_anything() -> None:
    going = operation("1", "2", 2050.0, state=State.RUNNING, outcome=None, finished_at=None)
    assert candidates(revision(1, "1"), revision(2, "2"), past=[going], serving="1") == ()


def test_a_service_whose_replica_set_is_gone_does_not_hide_that_of_an_earlier_one() -> None:
    """The same version again, later: the template that is kept can still be gone back to."""
    sets = (revision(1, "1"), revision(2, "2"), revision(3, "3"))
    past = [operation("3", "2", 9000.0), operation("2", "5", 9900.0)]
    found = {one.version: one for one in candidates(*sets, past=past, serving="5")}
    assert (found["2"].revision, found["2"].sources) == (2, ("journal", "replica sets"))


def test_one_that_was_rolled_back_and_comes_back_replaces_what_serves() -> None:
    """`kubectl rollout undo` twice: the second one promotes again what the first one had taken back."""
    first = revision(3, "1", 1000.0, annotations={"deployment.kubernetes.io/revision-history": "1"})
    second = revision(4, "2", 2000.0, annotations={"deployment.kubernetes.io/revision-history": "2"})
    (found,) = candidates(first, second, serving="2")
    assert (found.version, found.rolled_back, found.is_default) == ("1", False, True)
    assert found.ended_why == "replaced by 2 outside of modeldeck"


def test_a_roll_back_to_what_is_not_known_to_have_served_leaves_behind_only_what_it_found() -> None:
    past = [operation("1", "2", 2000.0), operation("2", "6", 3000.0, Kind.ROLLBACK)]
    found = candidates(past=past, serving="6")
    assert [(one.version, one.rolled_back, one.is_default) for one in found] == [("2", True, False), ("1", False, True)]
