"""Operations, others' doing and rollouts, each told once."""

from __future__ import annotations

from dataclasses import replace

from modeldeck.domain.changes.change_event import ChangeKind
from modeldeck.domain.changes.versions import template_rollouts, version_moves
from modeldeck.domain.operations.intent import Kind
from modeldeck.domain.operations.operation import Outcome
from modeldeck.domain.operations.version_change import VersionChange
from modeldeck.domain.status.version_changes import ServingChange
from tests.support.changes import DEPLOYMENT, IMAGE, KEY, SETS, TEMPLATES, T, entry, replica_set

SERVING = (ServingChange(T - 9e4, 1, "3"), ServingChange(T - 120, 2, "4"))


def test_what_a_rollout_changed() -> None:
    first, second = template_rollouts(DEPLOYMENT, SETS, SERVING, TEMPLATES)
    assert (first.what, first.at) == ("revision 1: the first one", T - 9e4)
    assert (second.kind, second.what, second.source) == (
        ChangeKind.ROLLOUT,
        "revision 2: image of server: iris:3 → iris:4",
        "ReplicaSet iris-b",
    )


def test_several_differences_are_counted_and_told_in_full() -> None:
    after = {IMAGE: "iris:4", ("spec", "containers", "server", "args"): "--slow"}
    _, rollout = template_rollouts(DEPLOYMENT, SETS, SERVING, {**TEMPLATES, "b": after})
    assert rollout.what.endswith("iris:3 → iris:4, and 1 more")
    assert rollout.details == ("image of server: iris:3 → iris:4", "arguments of server: added, --slow")


def test_a_restart_is_no_new_template() -> None:
    restarted = {**TEMPLATES["a"], ("metadata", "annotations", "kubectl.kubernetes.io/restartedAt"): "now"}
    assert template_rollouts(DEPLOYMENT, SETS, SERVING, {**TEMPLATES, "b": restarted})[1].kind is ChangeKind.RESTART


def test_what_is_not_known_is_said() -> None:
    assert template_rollouts(DEPLOYMENT, SETS, SERVING, {})[1].what == "revision 2: another template than revision 1"
    (alone,) = template_rollouts(DEPLOYMENT, (replica_set("b", 7, T - 120),), (ServingChange(T - 120, 7, "4"),), TEMPLATES)
    assert alone.what == "revision 7: what it changed is not known, as the ReplicaSet before it is gone"


def test_a_deployment_that_was_made_anew_has_nothing_of_the_one_before() -> None:
    assert template_rollouts(replace(DEPLOYMENT, uid="new"), SETS, SERVING, TEMPLATES) == ()


def test_an_operation_explains_its_rollout() -> None:
    rollouts = template_rollouts(DEPLOYMENT, SETS, SERVING, TEMPLATES)
    (move,), left = version_moves(KEY, [entry()], rollouts, T)
    assert (move.kind, move.subject, move.what) == (ChangeKind.PROMOTION, f"deployment {KEY}", "iris v3 → v4")
    assert (move.at, move.until) == (T - 130, T - 60)
    assert move.details == ("by ann", "a better model", "revision 2: image of server: iris:3 → iris:4")
    assert [one.what for one in left] == ["revision 1: the first one"]


def test_one_under_way_lasts_until_the_moment() -> None:
    ((move,), _) = version_moves(KEY, [entry(Kind.ROLLBACK, finished=None)], (), T)
    assert (move.kind, move.what, move.until) == (ChangeKind.ROLLBACK, "iris v3 → v4, under way", T)


def test_how_it_ended_where_it_did_not_go_well() -> None:
    ((move,), _) = version_moves(KEY, [entry(outcome=Outcome.UNDONE)], (), T)
    assert move.what == "iris v3 → v4, undone"


def test_others_doing_has_kinds_of_its_own() -> None:
    rollouts = template_rollouts(DEPLOYMENT, SETS, SERVING, TEMPLATES)
    ((moved,), left) = version_moves(KEY, [entry(Kind.MOVE, started=T - 120, finished=T - 120, actor="", reason="")], rollouts, T)
    assert (moved.kind, len(left)) == (ChangeKind.VERSION, 1)
    alias = entry(Kind.MOVE, changes=(VersionChange("", "iris", "3", "4", alias="champion"),))
    ((seen,), left) = version_moves(KEY, [alias], rollouts, T)
    assert (seen.kind, seen.subject, len(left)) == (ChangeKind.ALIAS, "alias iris@champion", 2)


def test_of_an_operation_on_several_the_change_here_is_told() -> None:
    here, there = VersionChange(KEY, "iris", None, "4"), VersionChange("serving/wine", "wine", "1", "2")
    ((move,), _) = version_moves(KEY, [replace(entry(), changes=(here, there))], (), T)
    assert move.what == "iris ? → v4"
