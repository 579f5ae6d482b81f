"""What pods tell: ends of containers, pods nobody asked for, images behind one tag."""

from __future__ import annotations

from modeldeck.domain.changes.change_event import ChangeEvent, ChangeKind
from modeldeck.domain.changes.pods import crashes, other_images, replacements
from modeldeck.domain.changes.versions import ROLLING
from tests.support.changes import T, container, pod

OOM = container(restarts=3, last_reason="OOMKilled", last_exit_code=137, last_ended_at=T - 30, last_message="out of memory\n")
ROLLOUT = ChangeEvent(ChangeKind.ROLLOUT, T - 5000, "deployment serving/iris", "revision 2", "ReplicaSet")


def test_a_container_that_had_too_much_memory() -> None:
    (found,) = crashes([pod("iris-b-1", containers=(OOM, container(name="proxy")))])
    assert (found.kind, found.at, found.subject) == (ChangeKind.CRASH, T - 30, "pod iris-b-1")
    assert found.what == "OOMKilled, exit code 137, container server, restarted 3 times, of which only the last is told"
    assert found.details == ("on node n1", "out of memory")


def test_one_that_ended_well_was_only_restarted() -> None:
    (found,) = crashes(
        [pod("iris-b-1", containers=(container(restarts=1, last_reason="Completed", last_exit_code=0, last_ended_at=T - 30),))]
    )
    assert (found.kind, found.what) == (ChangeKind.RESTART, "Completed, exit code 0, container server")


def test_without_the_end_the_new_begin_tells_the_time() -> None:
    (found,) = crashes([pod("iris-b-1", containers=(container(restarts=1),))])
    assert (found.at, found.what) == (T - 110, "ended, container server")
    assert not list(crashes([pod("iris-b-1", containers=(container(restarts=1, started_at=None),))]))


def test_pods_of_a_rollout_are_its_own_doing() -> None:
    pods = [pod("early", T - 5000), pod("late", T - 5000 + ROLLING), pod("alone", T - 100, node=""), pod("untold", created_at=None)]
    (found,) = replacements(pods, [ROLLOUT])
    assert (found.subject, found.at, found.what) == ("pod alone", T - 100, "came up, in place of another one")


def with_image(name: str, identity: str, owner: str = "b") -> object:
    return pod(name, owner=owner, containers=(container(image_id=identity),))


def test_the_one_with_another_image_behind_the_same_tag() -> None:
    pods = [with_image("p1", "iris@sha256:1"), with_image("p2", "iris@sha256:1"), with_image("p3", "iris@sha256:2"), with_image("p4", "")]
    (found,) = other_images(pods)  # type: ignore[arg-type]
    assert (found.kind, found.subject, found.what) == (ChangeKind.OUTLIER, "pod p3", "runs another iris:4 than its 2 siblings")
    assert found.details == ("container server: iris@sha256:2", "its siblings: iris@sha256:1")


def test_of_two_halves_neither_is_the_odd_one_and_another_template_is_another_matter() -> None:
    halves = [with_image("p1", "x"), with_image("p2", "y")]
    assert not list(other_images(halves))  # type: ignore[arg-type]
    templates = [with_image("p1", "x"), with_image("p2", "x"), with_image("p3", "y", owner="a")]
    assert not list(other_images(templates))  # type: ignore[arg-type]
