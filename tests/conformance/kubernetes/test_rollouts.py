"""Rollouts: their sequence, bounds, revisions, conditions and ways back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.clusters import until
from tests.conformance.kubernetes.api import JSON_PATCH, MERGE, Api
from tests.conformance.kubernetes.workloads import CAUSE, REVISION, Workloads, condition, deployment, rolling


def number(obj: dict[str, Any], field: str) -> int:
    return int(obj["status"].get(field, 0))


def reports(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each["object"] for each in events if each["type"] in ("ADDED", "MODIFIED")]


def test_a_new_deployment_reports_its_progress(workloads: Workloads, api: Api) -> None:
    start = api.get(workloads.deployments).ok["metadata"]["resourceVersion"]
    with api.watch(workloads.deployments, resourceVersion=start) as watch:
        workloads.create()
        watch.until(
            lambda events: condition(reports(events)[-1], "Progressing").get("reason") == "NewReplicaSetAvailable" if events else False
        )
    reasons = [condition(each, "Progressing").get("reason") for each in reports(watch.events)]
    order = [reason for at, reason in enumerate(reasons) if reason and reason not in reasons[:at]]
    assert order == ["NewReplicaSetCreated", "ReplicaSetUpdated", "NewReplicaSetAvailable"]
    last = reports(watch.events)[-1]
    name = workloads.sets()[0]["metadata"]["name"]
    assert condition(last, "Progressing")["message"] == f'ReplicaSet "{name}" has successfully progressed.'
    assert (condition(last, "Available")["status"], condition(last, "Available")["reason"]) == ("True", "MinimumReplicasAvailable")
    assert {key: value for key, value in last["status"].items() if key != "conditions"} == {
        "observedGeneration": 1,
        "replicas": 2,
        "updatedReplicas": 2,
        "readyReplicas": 2,
        "availableReplicas": 2,
        "terminatingReplicas": 0,
    }


def test_a_replica_set_says_whose_it_is(workloads: Workloads) -> None:
    created = workloads.create()
    (found,) = workloads.sets()
    digest = found["metadata"]["labels"]["pod-template-hash"]
    assert found["metadata"]["name"] == f"web-{digest}"
    assert found["metadata"]["ownerReferences"] == [
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "name": "web",
            "uid": created["metadata"]["uid"],
            "controller": True,
            "blockOwnerDeletion": True,
        }
    ]
    assert found["metadata"]["annotations"] == {
        REVISION: "1",
        "deployment.kubernetes.io/desired-replicas": "2",
        "deployment.kubernetes.io/max-replicas": "3",
    }
    assert found["spec"]["selector"] == {"matchLabels": {"app": "web", "pod-template-hash": digest}}
    assert {key: value for key, value in found["status"].items() if key != "conditions"} == {
        "replicas": 2,
        "fullyLabeledReplicas": 2,
        "readyReplicas": 2,
        "availableReplicas": 2,
        "observedGeneration": 1,
        "terminatingReplicas": 0,
    }
    for pod in workloads.pods():
        assert pod["metadata"]["name"].startswith(f"web-{digest}-")
        assert pod["metadata"]["ownerReferences"][0]["uid"] == found["metadata"]["uid"]


@pytest.mark.parametrize(
    ("replicas", "surge", "unavailable", "most", "least"),
    [(4, 1, 0, 5, 4), (4, 0, 1, 4, 3), (4, "25%", "25%", 5, 3), (3, 2, 1, 5, 2), (1, 1, 0, 2, 1), (2, 0, "1%", 2, 1)],
)
def test_a_rolling_update_stays_within_its_fences(
    workloads: Workloads, api: Api, replicas: int, surge: int | str, unavailable: int | str, most: int, least: int
) -> None:
    created = workloads.create(deployment(replicas=replicas, strategy=rolling(surge, unavailable)))
    sets = api.get(workloads.replicasets).ok
    sizes = {each["metadata"]["name"]: each["spec"]["replicas"] for each in sets["items"]}
    with (
        api.watch(workloads.deployments, resourceVersion=created["metadata"]["resourceVersion"]) as watch,
        api.watch(workloads.replicasets, resourceVersion=sets["metadata"]["resourceVersion"]) as parts,
    ):
        workloads.set_image("ready:2")
        workloads.rolled_out()
        watch.until(lambda events: len(events) > 2 and is_done(reports(events)[-1], replicas))
    seen = reports(watch.events)
    assert min(number(each, "availableReplicas") for each in seen) >= least
    assert number(seen[-1], "replicas") == replicas
    updated = [number(each, "updatedReplicas") for each in seen if number(each, "observedGeneration") == 2]
    assert updated == sorted(updated), "new pods are never taken back"
    totals = []
    for each in reports(parts.events):
        sizes[each["metadata"]["name"]] = each["spec"]["replicas"]
        totals.append(sum(sizes.values()))
    assert max(totals) <= most
    old, new = workloads.sets()
    assert (old["spec"]["replicas"], new["spec"]["replicas"]) == (0, replicas)


def is_done(obj: dict[str, Any], replicas: int) -> bool:
    return condition(obj, "Progressing").get("reason") == "NewReplicaSetAvailable" and number(obj, "updatedReplicas") == replicas


def test_recreate_ends_all_old_pods_first(workloads: Workloads, api: Api) -> None:
    workloads.create(deployment(strategy={"type": "Recreate"}))
    with api.watch(workloads.pods_path) as watch:
        watch.until(lambda events: len(events) >= 2)
        workloads.set_image("ready:2")
        workloads.rolled_out()
    assert [each["type"] for each in watch.events].count("DELETED") == 2
    images: dict[str, str] = {}
    for event in watch.events:
        meta, image = event["object"]["metadata"], event["object"]["spec"]["containers"][0]["image"]
        if event["type"] == "DELETED":
            images.pop(meta["name"], None)
        else:
            images[meta["name"]] = image
        assert len(set(images.values())) <= 1, "old and new pods at the same time"


def test_a_template_that_was_there_before_gets_its_set_back_with_a_new_number(workloads: Workloads) -> None:
    workloads.create()
    workloads.set_image("ready:2")
    workloads.rolled_out()
    first, _ = workloads.sets()
    workloads.set_image("ready:1")
    again = workloads.rolled_out()
    assert workloads.revisions() == {"2": "ready:2", "3": "ready:1"}
    assert again["metadata"]["annotations"][REVISION] == "3"
    back = workloads.sets()[-1]
    assert back["metadata"]["uid"] == first["metadata"]["uid"]
    assert back["metadata"]["annotations"]["deployment.kubernetes.io/revision-history"] == "1"


def undo(workloads: Workloads, target: dict[str, Any]) -> None:
    """What kubectl sends: the old template without its hash, and the annotations, with no lock."""
    template = target["spec"]["template"]
    template["metadata"]["labels"].pop("pod-template-hash")
    kept = {key: value for key, value in workloads.get()["metadata"]["annotations"].items() if key.startswith("deployment.kubernetes.io/")}
    notes = {key: value for key, value in target["metadata"]["annotations"].items() if not key.startswith("deployment.kubernetes.io/")}
    workloads.patch(
        [
            {"op": "replace", "path": "/spec/template", "value": template},
            {"op": "replace", "path": "/metadata/annotations", "value": {**kept, **notes}},
        ],
        media=JSON_PATCH,
    )
    workloads.rolled_out()


def test_undo_toggles_between_two_revisions(workloads: Workloads) -> None:
    workloads.create()
    workloads.set_image("ready:2")
    workloads.rolled_out()
    for expected in ({"2": "ready:2", "3": "ready:1"}, {"3": "ready:1", "4": "ready:2"}, {"4": "ready:2", "5": "ready:1"}):
        undo(workloads, workloads.sets()[0])
        assert workloads.revisions() == expected
    assert workloads.sets()[-1]["metadata"]["annotations"]["deployment.kubernetes.io/revision-history"] == "1,3"


def test_the_change_cause_follows_its_revision(workloads: Workloads) -> None:
    body = deployment()
    body["metadata"]["annotations"] = {CAUSE: "first"}
    workloads.create(body)
    workloads.set_image("ready:2", cause="second")
    workloads.rolled_out()
    assert [each["metadata"]["annotations"][CAUSE] for each in workloads.sets()] == ["first", "second"]
    undo(workloads, workloads.sets()[0])
    assert [each["metadata"]["annotations"][CAUSE] for each in workloads.sets()] == ["second", "first"]
    assert workloads.get()["metadata"]["annotations"][CAUSE] == "first"


def test_old_revisions_are_forgotten_beyond_the_limit(workloads: Workloads) -> None:
    workloads.create(deployment(replicas=1, revisionHistoryLimit=2))
    for image in ("ready:2", "ready:3", "ready:4", "ready:5"):
        workloads.set_image(image)
        workloads.rolled_out()
    until("the clean-up", lambda: workloads.revisions() == {"3": "ready:3", "4": "ready:4", "5": "ready:5"})


def test_a_paused_deployment_does_not_roll(workloads: Workloads) -> None:
    workloads.create()
    workloads.patch({"spec": {"paused": True}})
    until("the pause to be seen", lambda: condition(workloads.get(), "Progressing")["reason"] == "DeploymentPaused")
    assert condition(workloads.get(), "Progressing")["status"] == "Unknown"
    workloads.set_image("ready:2")
    until("the change to be seen", lambda: workloads.get()["status"]["observedGeneration"] == 3)
    assert workloads.revisions() == {"1": "ready:1"}
    assert number(workloads.get(), "updatedReplicas") == 0
    workloads.patch({"spec": {"replicas": 3}})
    until("scaling while paused", lambda: number(workloads.get(), "availableReplicas") == 3)
    assert workloads.revisions() == {"1": "ready:1"}
    workloads.patch({"spec": {"paused": None}}, media=MERGE)
    workloads.rolled_out()
    assert workloads.revisions() == {"1": "ready:1", "2": "ready:2"}


def test_a_stuck_rollout_passes_its_deadline_and_keeps_the_old_pods(workloads: Workloads) -> None:
    workloads.create(deployment(replicas=2, strategy=rolling(1, 0), progressDeadlineSeconds=2))
    workloads.set_image("stuck:2")
    until("the deadline", lambda: condition(workloads.get(), "Progressing")["reason"] == "ProgressDeadlineExceeded")
    found = workloads.get()
    name = workloads.sets()[-1]["metadata"]["name"]
    progressing = condition(found, "Progressing")
    assert (progressing["status"], progressing["message"]) == ("False", f'ReplicaSet "{name}" has timed out progressing.')
    assert {field: number(found, field) for field in ("replicas", "updatedReplicas", "availableReplicas", "unavailableReplicas")} == {
        "replicas": 3,
        "updatedReplicas": 1,
        "availableReplicas": 2,
        "unavailableReplicas": 1,
    }
    assert condition(found, "Available")["status"] == "True"
    workloads.set_image("ready:3")
    workloads.rolled_out()
    assert condition(workloads.get(), "Progressing")["reason"] == "NewReplicaSetAvailable"
    assert workloads.revisions() == {"1": "ready:1", "2": "stuck:2", "3": "ready:3"}


def test_a_change_in_the_middle_of_a_rollout_takes_over(workloads: Workloads) -> None:
    workloads.create(deployment(replicas=3, strategy=rolling(1, 0)))
    workloads.set_image("stuck:2")
    until("the second set", lambda: "2" in workloads.revisions())
    workloads.set_image("ready:3")
    workloads.rolled_out()
    assert [each["spec"]["replicas"] for each in workloads.sets()] == [0, 0, 3]


def test_scaling_a_stuck_rollout_is_shared_in_proportion(workloads: Workloads) -> None:
    workloads.create(deployment(replicas=4, strategy=rolling(2, 0)))
    workloads.set_image("stuck:2")
    until("the new pods", lambda: [each["spec"]["replicas"] for each in workloads.sets()] == [4, 2])
    workloads.patch({"spec": {"replicas": 8}})
    until("the shares", lambda: [each["spec"]["replicas"] for each in workloads.sets()] == [7, 3])


def test_pods_count_as_available_only_after_min_ready_seconds(workloads: Workloads) -> None:
    workloads.create(deployment(replicas=1, minReadySeconds=4), wait=False)
    found = until("a ready pod", lambda: (seen := workloads.get()) and number(seen, "readyReplicas") == 1 and seen)
    assert number(found, "availableReplicas") == 0
    until("an available pod", lambda: number(workloads.get(), "availableReplicas") == 1)


def test_scaling_is_told_in_events(workloads: Workloads) -> None:
    workloads.create(deployment(replicas=1, strategy=rolling(1, 0)))
    workloads.set_image("ready:2")
    workloads.rolled_out()
    old, new = (each["metadata"]["name"] for each in workloads.sets())
    expected = {
        f"Scaled up replica set {old} from 0 to 1",
        f"Scaled up replica set {new} from 0 to 1",
        f"Scaled down replica set {old} from 1 to 0",
    }
    until("the events", lambda: {each["message"] for each in workloads.events("ScalingReplicaSet")} == expected)
    event = workloads.events("ScalingReplicaSet")[0]
    assert (event["type"], event["involvedObject"]["kind"], event["source"]["component"]) == (
        "Normal",
        "Deployment",
        "deployment-controller",
    )
    assert event["count"] == 1


def test_annotations_alone_make_no_revision(workloads: Workloads) -> None:
    workloads.create()
    workloads.patch({"metadata": {"annotations": {CAUSE: "only words"}}})
    until("the copy", lambda: workloads.sets()[0]["metadata"]["annotations"].get(CAUSE) == "only words")
    assert workloads.revisions() == {"1": "ready:1"}
