"""Truth rows: alias, template and pods joined, and every contradiction told once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.kubernetes.pod_owners import pods_by_deployment
from modeldeck.domain.kubernetes.workloads import Deployment, EnvVar, Fleet, Pod, PodTemplate, ReplicaSet
from modeldeck.domain.metrics.samples import ServingStats
from modeldeck.domain.metrics.statements import Statement
from modeldeck.domain.mlflow.registry import ModelVersion, RegisteredModel, Registry
from modeldeck.domain.status.joining import Joiner, ServingPlace, owners_by_version, serving_of, serving_rows, serving_words
from modeldeck.domain.status.serving_row import Code, LiveVersion, ServingRow
from tests.domain.links.templates import container, deployment, pod, replica_set, state, template

RUN = "0123456789abcdef0123456789abcdef"
SAYS_6, SAYS_7 = Statement(registered=(("iris", "6"),)), Statement(registered=((None, "7"),))


def version(number: str, model: str = "iris", **parts: Any) -> ModelVersion:
    values: dict[str, Any] = {
        "run_id": f"{int(number):032x}",
        "status": "READY",
        "stage": "None",
        "created_at": float(number),
        "source": "",
    }
    return ModelVersion(model, number, **(values | parts))


def registry(*versions: ModelVersion, **aliases: str) -> Registry:
    return Registry((RegisteredModel("iris", aliases),), versions or (version("6"), version("7")))


def serves(uri: str, **annotations: str) -> PodTemplate:
    ours = {f"modeldeck.dev/{key.replace('_', '-')}": text for key, text in annotations.items()}
    return template(container(env={"MODEL_URI": uri}), annotations=ours)


def fleet_of(now: PodTemplate, *pods: tuple[PodTemplate, bool], **parts: Any) -> Fleet:
    of = deployment(parts.pop("name", "iris"), now, desired=len(pods), **parts)
    sets: list[ReplicaSet] = []
    found: list[Pod] = []
    for index, (own, ready) in enumerate(pods):
        owner = next((s for s in sets if s.template == own), None)
        if owner is None:
            sets.append(owner := replica_set(of, 1 if own == now else 5 + index, own))
        found.append(pod(owner, f"pod-{index}", ready=ready))
    return Fleet((of,), tuple(sets), tuple(found))


def only(fleet: Fleet, known: Registry | None, **parts: Any) -> ServingRow:
    (row,) = serving_rows(fleet, known, **parts)
    return row


def codes(row: ServingRow) -> list[Code]:
    return [d.code for d in row.disagreements]


V6, V7, BY_ALIAS = serves("models:/iris/6"), serves("models:/iris/7"), serves("models:/iris@champion")


def test_all_agree() -> None:
    stats = {"serving/iris": ServingStats(p99=0.04)}
    row = only(fleet_of(V7, (V7, True), (V7, True)), registry(champion="7"), stats=stats)
    assert (row.model, row.spec_version, row.alias, row.alias_version) == ("iris", "7", "champion", "7")
    assert row.live == (LiveVersion("7", 2, 2),)
    assert row.stats.p99 == 0.04
    assert row.disagreements == ()


def test_the_alias_says_another_version() -> None:
    row = only(fleet_of(V6, (V6, True)), registry(champion="7"))
    assert [d.message for d in row.disagreements] == ["alias champion says v7, the template says v6"]
    assert codes(row) == [Code.ALIAS_DIFFERS]


def test_pods_serve_another_version_than_the_template() -> None:
    row = only(fleet_of(V7, (V6, True), (V6, True), (V7, False)), registry(champion="7"))
    assert row.live == (LiveVersion("6", 2, 2), LiveVersion("7", 1, 0))
    assert [d.message for d in row.disagreements] == ["the template says v7, 2 ready pods serve v6"]


def test_several_versions_at_once() -> None:
    row = only(fleet_of(V7, (V6, True), (V7, True)), registry(champion="7"))
    assert codes(row) == [Code.PODS_DIFFER, Code.MIXED_VERSIONS]
    assert row.disagreements[1].message == "several versions serve at once: v6 on 1, v7 on 1"


def test_ending_and_waiting_pods_do_not_serve() -> None:
    fleet = fleet_of(V7, (V7, True), (V6, True), (V6, True))
    ending = replace(fleet.pods[1], terminating=True)
    pending = replace(fleet.pods[2], phase="Pending", ready=False)
    assert only(replace(fleet, pods=(fleet.pods[0], ending, pending)), registry(champion="7")).live == (LiveVersion("7", 1, 1),)


def test_what_a_pod_states_outranks_its_template() -> None:
    row = only(fleet_of(V7, (V7, True)), registry(champion="7"), observed={"serving/pod-0": SAYS_6})
    assert row.live == (LiveVersion("6", 1, 1),)
    assert codes(row) == [Code.PODS_DIFFER]


@pytest.mark.parametrize(
    ("statement", "called"),
    [
        (Statement(called=("1",)), ("1",)),
        (Statement(called=("default",)), ("default",)),
        (Statement(registered=(("wine", "6"),)), ("wine 6",)),
        (Statement(registered=(("iris", "5"), ("iris", "6"))), ()),
    ],
)
def test_what_a_server_calls_its_version_disagrees_with_nothing(statement: Statement, called: tuple[str, ...]) -> None:
    row = only(fleet_of(V7, (V7, True)), registry(champion="7"), observed={"serving/pod-0": statement})
    assert (row.live, row.called, row.disagreements) == ((LiveVersion("7", 1, 1),), called, ())


def test_an_uncertain_reference_is_shown_and_only_pods_say_what_serves() -> None:
    two = template(container(env={"MODEL_URI": "models:/iris/7", "SHADOW_MODEL_URI": "models:/iris/6"}))
    row = only(fleet_of(two, (two, True)), registry(champion="7"))
    assert (row.model, row.link, row.spec_version, row.live) == ("iris", None, None, (LiveVersion(None, 1, 1),))
    assert codes(row) == [Code.SEVERAL_LINKS]
    assert "server/env/SHADOW_MODEL_URI: models:/iris/6" in row.disagreements[0].message
    stated = only(fleet_of(two, (two, True)), registry(champion="7"), observed={"serving/pod-0": SAYS_6})
    assert stated.live == (LiveVersion("6", 1, 1),)


def test_a_choice_on_the_deployment_counts_for_its_pods_too() -> None:
    two = template(container(env={"MODEL_URI": "models:/iris/7", "SHADOW_MODEL_URI": "models:/iris/6"}))
    fleet = fleet_of(two, (two, True), annotations={"modeldeck.dev/link": "server/env/MODEL_URI"})
    row = only(fleet, registry(champion="7"))
    assert (row.spec_version, row.live, row.disagreements) == ("7", (LiveVersion("7", 1, 1),), ())
    assert owners_by_version(fleet, None) == {"serving/pod-0": ("serving/iris", "7")}


def test_nothing_is_held_against_a_registry_that_does_not_answer() -> None:
    row = only(fleet_of(V7, (V7, True)), None)
    assert (row.spec_version, row.alias, row.alias_version, row.disagreements) == ("7", "champion", None, ())


@pytest.mark.parametrize(
    ("uri", "known", "code"),
    [
        ("models:/wine/1", registry(), Code.VERSION_MISSING),
        ("models:/iris/9", registry(), Code.VERSION_MISSING),
        ("models:/iris/7", registry(version("7", status="FAILED_REGISTRATION")), Code.VERSION_NOT_READY),
        ("models:/iris@blue", registry(champion="7"), Code.ALIAS_MISSING),
    ],
)
def test_what_the_registry_does_not_have(uri: str, known: Registry, code: Code) -> None:
    assert codes(only(fleet_of(serves(uri), (serves(uri), True)), known)) == [code]


def test_a_run_is_resolved_through_the_registry() -> None:
    uri = f"runs:/{RUN}/model"
    assert only(fleet_of(serves(uri)), registry(version("7", run_id=RUN))).spec_version == "7"
    twice = registry(version("7", run_id=RUN), version("8", run_id=RUN))
    assert (only(fleet_of(serves(uri)), twice).model, only(fleet_of(serves(uri)), twice).spec_version) == ("iris", None)
    told = serves(uri, model="iris", version="8", run_id=RUN)
    assert only(fleet_of(told), twice).spec_version == "8"


def test_stages_and_logged_models() -> None:
    staged = registry(version("6", stage="Production"), version("7"))
    logged = registry(version("7", source="models:/m-abc"))
    assert only(fleet_of(serves("models:/iris/production")), staged).spec_version == "6"
    assert only(fleet_of(serves("models:/iris/latest")), staged).spec_version == "7"
    assert only(fleet_of(serves("models:/m-abc")), logged).spec_version == "7"


class TestByAlias:
    def test_a_version_that_nobody_told_is_unknown(self) -> None:
        row = only(fleet_of(BY_ALIAS, (BY_ALIAS, True)), registry(champion="7"))
        assert (row.spec_version, row.live, row.disagreements) == ("7", (LiveVersion(None, 1, 1),), ())

    def test_told_by_the_pod_itself(self) -> None:
        same = only(fleet_of(BY_ALIAS, (BY_ALIAS, True)), registry(champion="7"), observed={"serving/pod-0": SAYS_7})
        older = only(fleet_of(BY_ALIAS, (BY_ALIAS, True)), registry(champion="7"), observed={"serving/pod-0": SAYS_6})
        assert (same.live, same.disagreements) == ((LiveVersion("7", 1, 1),), ())
        assert codes(older) == [Code.ALIAS_MOVED]
        assert "moved to v7 since pods started that serve v6" in older.disagreements[0].message

    def test_told_by_the_annotation_of_a_promotion(self) -> None:
        told = serves("models:/iris@champion", model="iris", version="6")
        moved = only(fleet_of(told, (told, True)), registry(champion="7"))
        assert (moved.spec_version, moved.live, codes(moved)) == ("7", (LiveVersion("6", 1, 1),), [Code.ALIAS_MOVED])

    def test_a_restart_since_the_promotion_asked_again(self) -> None:
        told = serves("models:/iris@champion", model="iris", version="6")
        fleet = fleet_of(told, (told, True))
        again = replace(fleet, pods=(replace(fleet.pods[0], containers=(state(restarts=1),)),))
        assert only(again, registry(champion="7")).live == (LiveVersion(None, 1, 1),)
        assert only(again, registry(champion="6")).live == (LiveVersion("6", 1, 1),)

    def test_a_version_younger_than_the_pod_cannot_be_served(self) -> None:
        row = only(fleet_of(BY_ALIAS, (BY_ALIAS, True)), registry(version("7", created_at=200.0), champion="7"))
        assert codes(row) == [Code.ALIAS_MOVED]


def test_annotations_that_contradict_the_slot() -> None:
    told = serves("models:/iris/7", model="iris", version="6")
    row = only(fleet_of(told, (told, True)), registry(champion="7"))
    assert codes(row) == [Code.ANNOTATION_DIFFERS]
    assert row.spec_version == "7"


def test_several_containers_that_name_a_model() -> None:
    two = template(container("a", env={"MODEL_URI": "models:/iris/7"}), container("b", env={"MODEL_URI": "models:/iris/6"}))
    assert codes(only(fleet_of(two, (two, True)), registry(champion="7"))) == [Code.SEVERAL_LINKS]


def test_nothing_serves_and_why() -> None:
    fleet = fleet_of(V7, (V7, False), ready=0)
    crash = state(ready=False, state="waiting", reason="CrashLoopBackOff", restarts=3, last_message="boom")
    row = only(replace(fleet, pods=(replace(fleet.pods[0], containers=(crash,)),)), registry(champion="7"))
    assert codes(row) == [Code.NOT_SERVING]
    assert row.disagreements[0].message.startswith("no pod of 1 is ready: pod pod-0: CrashLoopBackOff")
    assert only(fleet_of(V7, ready=0), registry(champion="7")).disagreements == ()
    hidden = replace(fleet_of(V7, (V7, True)), pods=())
    assert only(hidden, registry(champion="7")).disagreements == ()


def test_unlinked() -> None:
    row = only(fleet_of(template(), (template(), True)), registry(champion="7"))
    assert (row.link, row.model, row.spec_version, row.alias, row.live) == (None, None, None, None, (LiveVersion(None, 1, 1),))
    assert row.disagreements == ()


def test_the_operation_under_way() -> None:
    annotations = {"deployment.kubernetes.io/revision": "1", "modeldeck.dev/operation": '{"id":"op-1","actor":"ann"}'}
    assert only(fleet_of(V7, annotations=annotations), None).operation == "op-1"


def test_pods_by_selector_where_replica_sets_may_not_be_read() -> None:
    fleet = fleet_of(V7, (V7, True))
    assert only(replace(fleet, replica_sets=()), registry(champion="7")).live == (LiveVersion("7", 1, 1),)
    stranger = replace(fleet.pods[0], template=replace(V7, labels={"app": "other"}))
    assert only(replace(fleet, replica_sets=(), pods=(stranger,)), registry(champion="7")).live == ()


def test_where_a_version_serves() -> None:
    rows = serving_rows(fleet_of(V7, (V6, True), (V7, True), (V7, False)), registry(champion="7"))
    assert serving_words(serving_of(rows, "iris", "7")) == "1/3 pods"
    twice = (*rows, replace(rows[0], deployment="canary", live=(LiveVersion("7", 5, 5),)))
    assert [place.key for place in serving_of(twice, "iris", "7")] == ["serving/canary", "serving/iris"]
    assert serving_words(serving_of(twice, "iris", "7")) == "5/3 pods +1"
    assert serving_words([ServingPlace("a", 2, 4), ServingPlace("b", 1, 9)]) == "2/4 pods +1"
    assert serving_words(serving_of(rows, "iris", "1")) == ""
    assert serving_of(rows, "wine", "7") == ()


def test_owners_of_pods_by_version() -> None:
    fleet = fleet_of(V7, (V6, True), (V7, True))
    assert owners_by_version(fleet, None) == {"serving/pod-0": ("serving/iris", "6"), "serving/pod-1": ("serving/iris", "7")}


TEMPLATES = st.sampled_from([V6, V7, BY_ALIAS, template(), serves(f"runs:/{RUN}/m"), serves("models:/iris/7", version="1", model="iris")])


@st.composite
def fleets(draw: st.DrawFn) -> Fleet:
    deployments: list[Deployment] = [
        deployment(name, draw(TEMPLATES), desired=draw(st.integers(0, 3)), generation=draw(st.integers(1, 2)))
        for name in draw(st.lists(st.sampled_from("abc"), unique=True))
    ]
    sets = [replica_set(d, r, draw(TEMPLATES)) for d in deployments for r in range(draw(st.integers(0, 2)))]
    pods = [
        pod(
            s,
            f"{s.name}-{i}",
            ready=draw(st.booleans()),
            terminating=draw(st.booleans()),
            phase=draw(st.sampled_from(["Running", "Pending", "Failed"])),
        )
        for s in sets
        for i in range(draw(st.integers(0, 2)))
    ]
    return Fleet(tuple(deployments), tuple(sets), tuple(draw(st.permutations(pods))))


@given(fleets(), st.sampled_from([None, registry(), registry(champion="7"), registry(version("7", run_id=RUN), champion="6")]))
def test_every_fleet_has_its_rows(fleet: Fleet, known: Registry | None) -> None:
    rows = serving_rows(fleet, known)
    assert [row.key for row in rows] == [d.key for d in fleet.deployments]
    shared = pods_by_deployment(fleet)
    for row in rows:
        counted = [p for p in shared[row.key] if not p.terminating and p.phase == "Running"]
        assert sum(live.pods for live in row.live) == len(counted)
        assert sum(live.ready for live in row.live) == sum(p.ready for p in counted)
        assert len(set(codes(row))) == len(row.disagreements)
        assert all(d.message for d in row.disagreements)
    assert sum(len(pods) for pods in shared.values()) == len({p.name for pods in shared.values() for p in pods})


CHANGES = st.lists(
    st.tuples(fleets(), st.sampled_from([None, registry(), registry(champion="7")]), st.sampled_from([None, 0.1, 0.2])), max_size=4
)


@given(CHANGES, st.lists(st.sampled_from("67")))
def test_a_joiner_that_remembers_answers_the_same(changes: list[tuple[Fleet, Registry | None, float | None]], stated: list[str]) -> None:
    joiner = Joiner()
    for fleet, known, p99 in changes:
        stats = {d.key: ServingStats(p99=p99) for d in fleet.deployments} if p99 else {}
        observed = {f"serving/{p.name}": Statement(registered=(("iris", version),)) for p, version in zip(fleet.pods, stated, strict=False)}
        for _ in range(2):
            assert joiner.rows(fleet, known, stats, observed=observed) == serving_rows(fleet, known, stats, observed=observed)


def test_a_joiner_keeps_what_did_not_change() -> None:
    joiner, known = Joiner(), registry(champion="7")
    one, other = fleet_of(V7, (V7, True)), fleet_of(V6, (V6, True), name="wine", uid="w")
    both = Fleet(one.deployments + other.deployments, one.replica_sets + other.replica_sets, one.pods + other.pods)
    before = joiner.rows(both, known)
    changed = replace(both, deployments=(both.deployments[0], replace(both.deployments[1], ready=0)))
    after = joiner.rows(changed, registry(champion="7"))
    assert after[0] is before[0]
    assert after[1].ready == 0


def test_references_of_two_models_are_of_none_for_sure() -> None:
    two = template(container(env={"MODEL_URI": "models:/iris/7", "SHADOW_MODEL_URI": "models:/wine/6"}))
    row = only(fleet_of(two, (two, True)), registry(champion="7"))
    assert (row.model, row.link, row.alias) == (None, None, None)


def test_what_cannot_be_read_is_told_only_where_nothing_else_is() -> None:
    taken = replace(container("b"), env=(EnvVar("MODEL_URI", None, "key uri of ConfigMap settings"),))
    lost = only(fleet_of(template(taken)), None)
    assert lost.link is None
    assert any("ConfigMap settings" in message for message in lost.unread)
    fixed = template(taken, annotations={"modeldeck.dev/model": "iris", "modeldeck.dev/version": "7"})
    found = only(fleet_of(fixed), None)
    assert (found.link is not None, found.unread) == (True, ())


def test_versions_by_pod_are_what_pods_state_of_the_model_that_serves() -> None:
    fleet, wine = fleet_of(V7, (V7, True)), Statement(registered=(("wine", "6"),))
    assert owners_by_version(fleet, registry(), observed={"serving/pod-0": SAYS_6}) == {"serving/pod-0": ("serving/iris", "6")}
    assert owners_by_version(fleet, registry(), observed={"serving/pod-0": wine}) == {"serving/pod-0": ("serving/iris", "7")}
    unlinked = fleet_of(template(), (template(), True))
    assert owners_by_version(unlinked, registry()) == {}
    assert owners_by_version(unlinked, registry(), observed={"serving/pod-0": SAYS_7}) == {"serving/pod-0": ("serving/iris", "7")}


def test_the_version_of_most_ready_pods_comes_first_then_of_most_pods() -> None:
    many = [
        (serves(f"models:/iris/{number}"), ready) for number, ready in (("1", False), ("2", True), ("3", True), ("3", False), ("0", False))
    ]
    row = only(fleet_of(V7, *many), None)
    assert [live.version for live in row.live] == ["3", "2", "0", "1"]
