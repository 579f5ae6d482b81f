"""What a plan refuses, warns of and shows; and that it changes nothing."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from modeldeck.domain.failures import Conflict, Forbidden, NotFound, Rejected, TimedOut, Unreachable
from modeldeck.domain.kubernetes.annotations import OPERATION, OperationAnnotation, mark_text
from modeldeck.domain.kubernetes.workloads import Controller, Deployment, EnvVar, OtherWorkload, PodTemplate, Settings, Strategy
from modeldeck.domain.mlflow.registry import ModelAccess
from modeldeck.domain.operations.checks import Verdict
from modeldeck.domain.operations.intent import Intent, Kind
from modeldeck.domain.operations.plan import Plan, Refusal
from modeldeck.domain.operations.steps import StepName
from modeldeck.operations.planning.plan import plan
from tests.operations.conftest import Bench
from tests.support.fakes.objects import to_template

WRITES = ("patch_deployment", "set_alias", "delete_alias", "tag_version", "write_event", "scale", "create_version")


async def test_a_plan_changes_nothing(bench: Bench) -> None:
    before = copy.deepcopy(bench.fake.cluster.deployments)
    await bench.good_plan("2")
    assert bench.fake.cluster.deployments == before
    assert not set(WRITES) & set(bench.fake.traps.calls)
    assert bench.journal.operations() == ()


async def test_the_steps_tell_before_after_and_what_to_type(bench: Bench) -> None:
    made = await bench.good_plan("2")
    assert [step.name for step in made.steps] == [
        StepName.LOCK,
        StepName.PATCH_TEMPLATE,
        StepName.AWAIT_ROLLOUT,
        StepName.MOVE_ALIAS,
        StepName.TAG_VERSION,
        StepName.WRITE_EVENT,
        StepName.VERIFY,
        StepName.RELEASE,
    ]
    patch, rollout, alias = made.steps[1:4]
    assert (patch.before, patch.after) == ("models:/iris/1", "models:/iris/2")
    assert patch.command.startswith("kubectl -n serving patch deployment iris --type strategic -p '{")
    assert OPERATION not in patch.command
    assert rollout.command == "kubectl -n serving rollout status deployment iris"
    assert alias.command == (
        "python -c \"from mlflow import MlflowClient; MlflowClient().set_registered_model_alias('iris', 'champion', '2')\""
    )


async def test_every_check_has_a_verdict(bench: Bench) -> None:
    made = await bench.good_plan("2")
    assert [check.name for check in made.checks] == [
        "environment",
        "version",
        "artifacts",
        "permission to patch",
        "alias",
        "other operations",
        "rollout",
        "dry run",
        "owners",
        "autoscaler",
        "lock",
        "gate",
    ]
    assert "no Prometheus is configured" in made.checks[-1].message


def edit(change: Callable[[dict[str, Any]], object]) -> Callable[[Bench], None]:
    return lambda bench: bench.fake.cluster.edit("serving/iris", change)


def readonly(bench: Bench) -> None:
    bench.fake.environment = replace(bench.fake.environment, read_only=True)


def paused(raw: dict[str, Any]) -> None:
    raw["spec"]["paused"] = True


def marked(raw: dict[str, Any]) -> None:
    raw["metadata"]["annotations"][OPERATION] = mark_text(OperationAnnotation("20260101-000000-beef", actor="bob@box"))


@pytest.mark.parametrize(
    ("prepare", "check", "message"),
    [
        (readonly, "environment", "test is read-only"),
        (lambda bench: bench.fake.registry.versions.pop(("iris", "2")), "version", "version 2 of iris does not exist"),
        (lambda bench: bench.fake.registry.add("iris", "2", status="PENDING_REGISTRATION"), "version", "is PENDING_REGISTRATION"),
        (lambda bench: bench.fake.registry.gone.add(("iris", "2")), "artifacts", "its artifacts are gone"),
        (lambda bench: setattr(bench.fake.cluster, "allowed", False), "permission to patch", "is not allowed"),
        (lambda bench: setattr(bench.fake.registry, "access", ModelAccess(False, "READ")), "alias", "and MLflow grants READ"),
        (edit(paused), "rollout", "paused"),
        (edit(marked), "other operations", "operation 20260101-000000-beef of bob@box is under way"),
        (lambda bench: bench.fake.traps.fail("dry_run", Rejected("denied by policy")), "dry run", "denied by policy"),
        (lambda bench: bench.fake.traps.fail("dry_run", Forbidden("not you")), "dry run", "not you"),
    ],
    ids=["read-only", "missing", "pending", "artifacts", "forbidden", "alias", "paused", "operation", "rejected", "dry-run forbidden"],
)
async def test_refusing_checks(bench: Bench, prepare: Callable[[Bench], object], check: str, message: str) -> None:
    prepare(bench)
    made = await bench.plan("2")
    assert isinstance(made, Plan)
    (found,) = made.refused
    assert found.name == check
    assert message in found.message


async def test_a_rollout_under_way_refuses_a_promotion_but_not_a_rollback(bench: Bench) -> None:
    await bench.promote("2")
    bench.fake.cluster.frozen = True
    bench.fake.cluster.set_env("serving/iris", "LOG_LEVEL", "debug")
    promotion = await bench.plan("3")
    assert isinstance(promotion, Plan)
    assert [check.name for check in promotion.refused] == ["rollout"]
    assert (await bench.good_plan(None, kind=Kind.ROLLBACK)).last.to_version == "1"


async def test_the_operation_that_began_a_rollout_is_told_before_the_rollout(bench: Bench) -> None:
    """A refused plan tells the hint of the first: an operation in the middle is waited for or taken back."""
    bench.fake.cluster.frozen = True
    bench.fake.cluster.edit("serving/iris", marked)
    bench.fake.cluster.set_env("serving/iris", "LOG_LEVEL", "debug")
    made = await bench.plan("2")
    assert isinstance(made, Plan)
    assert [check.name for check in made.refused] == ["other operations", "rollout"]


async def test_admission_that_changes_the_patch_refuses(bench: Bench) -> None:
    def admission(raw: dict[str, Any]) -> None:
        raw["spec"]["template"]["spec"]["containers"][0]["env"][1]["value"] = "models:/iris/pinned"

    bench.fake.cluster.admission = admission
    made = await bench.plan("2")
    assert isinstance(made, Plan)
    assert [check.name for check in made.refused] == ["dry run"]


@pytest.mark.parametrize(
    ("metadata", "owner"),
    [
        ({"annotations": {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:serving/iris"}}, "Argo CD (application shop)"),
        ({"labels": {"kustomize.toolkit.fluxcd.io/name": "models"}}, "Flux (kustomization models)"),
        ({"annotations": {"meta.helm.sh/release-name": "iris"}}, "Helm (release iris)"),
        ({"owners": [("argocd-controller", "Apply", 1.0, True, False)]}, "Argo CD (field manager argocd-controller)"),
    ],
)
async def test_owners_who_would_revert_are_warned_of(bench: Bench, metadata: dict[str, Any], owner: str) -> None:
    for key, value in metadata.items():
        raw = bench.fake.cluster.deployments["serving/iris"]["metadata"]
        raw[key] = {**raw[key], **value} if isinstance(value, dict) else value
    made = await bench.good_plan("2")
    found = next(check for check in made.checks if check.name == "owners")
    assert found.verdict is Verdict.WARN
    assert owner in found.message


OPERATOR = ("serving.kserve.io/v1beta1", "InferenceService", "iris")


async def test_a_change_that_an_operator_would_put_back_is_refused(bench: Bench) -> None:
    bench.fake.cluster.deployments["serving/iris"]["metadata"]["controller"] = OPERATOR
    made = await bench.plan("2")
    assert isinstance(made, Plan)
    (found,) = made.refused
    assert found.name == "owners"
    assert "KServe (InferenceService iris) controls this deployment" in found.message
    assert found.hint == "edit what it is made from: kubectl -n serving edit inferenceservice.serving.kserve.io iris"
    back = await bench.plan("2", kind=Kind.ROLLBACK)
    assert isinstance(back, Plan)
    assert [check.name for check in back.refused] == ["owners"]


@pytest.mark.parametrize("readable", [True, False])
async def test_the_top_of_a_chain_of_operators_is_what_to_edit(bench: Bench, readable: bool) -> None:
    revision = Controller("models.example.com/v1", "ModelRevision", "iris-3")
    bench.fake.cluster.deployments["serving/iris"]["metadata"]["controller"] = (revision.api_version, revision.kind, revision.name)
    above = Controller("models.example.com/v1", "Model", "iris")
    bench.fake.cluster.controllers = {revision: above, above: Controller("platform.example.com/v1", "Product", "flowers")}
    if not readable:
        bench.fake.traps.fail("controller_of", Unreachable("refused", backend="Kubernetes"))
    made = await bench.plan("2")
    assert isinstance(made, Plan)
    (found,) = made.refused
    expected = "product.platform.example.com flowers" if readable else "modelrevision.models.example.com iris-3"
    assert found.hint.endswith(f"edit {expected}")


async def test_a_chain_of_operators_that_never_ends(bench: Bench) -> None:
    own = Controller(*OPERATOR)
    bench.fake.cluster.deployments["serving/iris"]["metadata"]["controller"] = OPERATOR
    bench.fake.cluster.controllers = {own: own}
    made = await bench.plan("2")
    assert isinstance(made, Plan)
    assert made.refused


async def test_argo_cd_is_refused_where_its_application_heals_itself(bench: Bench) -> None:
    raw = bench.fake.cluster.deployments["serving/iris"]["metadata"]
    raw["annotations"] = {**raw["annotations"], "argocd.argoproj.io/tracking-id": "shop:apps/Deployment:serving/iris"}
    application = Controller("argoproj.io/v1alpha1", "Application", "shop")
    bench.fake.cluster.settings["argocd", application] = Settings({"syncPolicy": {"automated": {"selfHeal": True}}})
    made = await bench.plan("2")
    assert isinstance(made, Plan)
    (found,) = made.refused
    assert "Argo CD (application shop) controls this deployment and would put the change back" in found.message
    assert "argocd app set shop --sync-policy none" in found.hint
    bench.fake.traps.fail("settings_of", Forbidden("not you"))
    assert "may revert the change" in next(check for check in (await bench.good_plan("2")).checks if check.name == "owners").message


async def test_an_alias_alone_is_nobodys_to_put_back(bench: Bench) -> None:
    bench.fake.cluster.deployments["serving/iris"]["metadata"]["controller"] = OPERATOR
    bench.fake.registry.aliases["iris"]["champion"] = "3"
    made = await bench.good_plan("1")
    assert StepName.MOVE_ALIAS in [step.name for step in made.steps]
    assert next(check for check in made.checks if check.name == "owners").verdict is Verdict.OK


@pytest.mark.parametrize(
    ("metadata", "verdict", "message"),
    [
        ({"controller": ("v1", "ConfigMap", "release")}, Verdict.OK, "does not write the template"),
        ({"annotations": {"meta.helm.sh/release-name": "iris"}}, Verdict.WARN, "Helm (release iris) will write the template anew"),
    ],
)
async def test_owners_who_revert_nothing_at_once(bench: Bench, metadata: dict[str, Any], verdict: Verdict, message: str) -> None:
    raw = bench.fake.cluster.deployments["serving/iris"]["metadata"]
    for key, value in metadata.items():
        raw[key] = {**raw[key], **value} if isinstance(value, dict) else value
    made = await bench.good_plan("2")
    found = next(check for check in made.checks if check.name == "owners")
    assert found.verdict is verdict
    assert message in found.message
    assert bool(found.hint) == (verdict is Verdict.WARN)


async def test_what_cannot_be_found_out_is_unknown_and_not_no(bench: Bench) -> None:
    bench.fake.cluster.allowed = None
    bench.fake.cluster.hpa = None
    bench.fake.traps.fail("artifacts_answer", TimedOut("slow"))
    bench.fake.traps.fail("lease", Unreachable("refused"))
    made = await bench.good_plan("2")
    unknown = {check.name for check in made.checks if check.verdict is Verdict.UNKNOWN}
    assert {"permission to patch", "autoscaler", "artifacts", "lock", "alias"} == unknown


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"to": "2", "reason": "a\x1b[31mred"}, "usage"),
        ({"to": "2", "reason": "a\u202egnp"}, "usage"),
        ({"to": "2", "reason": "x" * 501}, "usage"),
        ({"to": "2\x07"}, "usage"),
        ({"to": None}, "usage"),
        ({"to": "@nobody"}, "version_not_found"),
        ({"to": "2", "model": "wine"}, "other_model"),
    ],
)
async def test_what_cannot_be_planned_at_all(bench: Bench, fields: dict[str, Any], code: str) -> None:
    made = await bench.plan(fields.pop("to"), **fields)
    assert isinstance(made, Refusal)
    assert made.code == code


async def test_unlinked_says_how_to_link(bench_of: Callable[[str], Bench]) -> None:
    made = await bench_of("file.pkl").plan("2")
    assert isinstance(made, Refusal)
    assert made.code == "unlinked"
    assert "MODEL_URI=models:/NAME/VERSION" in made.hint


async def test_two_containers_that_serve_models_are_refused(bench: Bench) -> None:
    env = [{"name": "MODEL_URI", "value": "models:/wine/1"}]
    bench.fake.cluster.edit(
        "serving/iris", lambda raw: raw["spec"]["template"]["spec"]["containers"].append({"name": "side", "image": "x", "env": env})
    )
    made = await bench.plan("2")
    assert isinstance(made, Refusal)
    assert made.code == "several_links"
    assert "server/env/MODEL_URI (models:/iris/1); side/env/MODEL_URI (models:/wine/1)" in made.message


@pytest.mark.parametrize(
    ("call", "failure", "code"),
    [
        ("deployment", Unreachable("refused", backend="Kubernetes"), "unreachable"),
        ("deployment", NotFound("no such deployment"), "deployment_not_found"),
        ("model", Unreachable("refused", backend="MLflow"), "unreachable"),
    ],
)
async def test_a_backend_that_does_not_answer(bench: Bench, call: str, failure: Exception, code: str) -> None:
    bench.fake.traps.fail(call, failure, times=9)  # type: ignore[arg-type]
    made = await bench.plan("2")
    assert isinstance(made, Refusal)
    assert made.code == code


async def test_a_mark_left_behind_by_an_ended_operation_is_replaced(bench: Bench) -> None:
    bench.fake.traps.fail("patch_deployment", Conflict("always"), skip=1, times=99)
    left = await bench.promote("2")
    bench.fake.traps.clear()
    assert OPERATION in bench.fake.annotations()
    made = await bench.good_plan("3")
    found = next(check for check in made.checks if check.name == "other operations")
    assert found.verdict is Verdict.WARN
    assert found.message.endswith("ended with an open end")
    assert found.hint.endswith(f"modeldeck operations undo {left.id}")
    await bench.run(made)
    assert OPERATION not in bench.fake.annotations()


@pytest.mark.parametrize(
    ("uri", "version", "expected"),
    [
        ("models:/iris/1", "2", "models:/iris/2"),
        ("runs:/" + "0" * 31 + "1/model", "2", "runs:/" + "0" * 31 + "2/model"),
    ],
)
async def test_each_kind_of_reference_is_edited_as_itself(bench_of: Callable[[str], Bench], uri: str, version: str, expected: str) -> None:
    bench = bench_of(uri)
    operation = await bench.promote(version)
    assert operation.outcome == "done", operation.message
    assert bench.fake.env() == expected


def _env(name: str, value: str) -> Callable[[dict[str, Any]], object]:
    return lambda raw: raw["spec"]["template"]["spec"]["containers"][0]["env"].insert(0, {"name": name, "value": value})


def told(made: Plan, name: str) -> list[tuple[Verdict, str]]:
    return [(check.verdict, check.message) for check in made.checks if check.name == name]


async def test_a_stage_is_no_longer_followed(bench_of: Callable[[str], Bench]) -> None:
    made = await bench_of("models:/iris/latest").plan("2")
    assert isinstance(made, Plan)
    ((verdict, message),) = told(made, "reference")
    assert (verdict, "no longer follow it" in message) == (Verdict.WARN, True)


async def test_a_variable_that_stands_twice_is_refused_before_the_server_drops_one(bench: Bench) -> None:
    edit(_env("MODEL_URI", "models:/iris/3"))(bench)
    for _ in range(8):
        await bench.fake.clock.sleep(1.0)
    made = await bench.plan("2")
    assert isinstance(made, Plan)
    assert made.refused[0].name == "variables"
    assert "MODEL_URI stands twice in container server" in made.refused[0].message


@pytest.mark.parametrize("name", ["MODEL_URI", "LOG_LEVEL"])
async def test_what_the_server_makes_of_variables_that_stand_twice_is_not_called_a_webhooks_doing(bench: Bench, name: str) -> None:
    """The real server drops one of those that are patched, and puts the others into another order."""

    def admission(raw: dict[str, Any]) -> None:
        raw["spec"]["template"]["spec"]["containers"][0]["env"].pop(0)

    edit(_env(name, "x"))(bench)
    edit(_env(name, "y"))(bench)
    for _ in range(8):
        await bench.fake.clock.sleep(1.0)
    bench.fake.cluster.admission = admission
    made = await bench.plan("2")
    assert isinstance(made, Plan)
    (message,) = [check.message for check in made.refused if check.name == "dry run"]
    assert message == f"the server merges variables by name, so that the patch does not do what it should: {name} stands twice"


@pytest.mark.parametrize(
    ("strategy", "devices", "message"),
    [
        (Strategy(recreate=True), (), "no pod serves until it is ready"),
        (Strategy(max_surge="0", max_unavailable="100%"), (), "it may be that no pod serves"),
        (Strategy(max_surge="0", max_unavailable="0"), (), "as maxSurge is 0: at least 1 of 2 pods serve meanwhile"),
        (Strategy(), ("1 nvidia.com/gpu",), "needs 1 nvidia.com/gpu while the old ones still hold theirs"),
        (Strategy(), (), None),
    ],
)
async def test_the_plan_says_whether_pods_serve_meanwhile(
    bench: Bench, strategy: Strategy, devices: tuple[str, ...], message: str | None
) -> None:
    cluster = bench.fake.cluster
    real = cluster.deployment

    async def deployment(namespace: str, name: str) -> Deployment:
        found = await real(namespace, name)
        server = replace(found.template.containers[0], devices=devices)
        return replace(found, strategy=strategy, template=replace(found.template, containers=(server,)))

    cluster.deployment = deployment  # type: ignore[method-assign]
    made = await bench.plan("2")
    assert isinstance(made, Plan)
    found = told(made, "availability")
    assert ([] if message is None else [True]) == [message is not None and message in said for _, said in found]


async def test_others_that_share_the_alias_are_named_unless_they_move_too(bench: Bench) -> None:
    def server(uri: str) -> list[dict[str, Any]]:
        return [{"name": "server", "image": "x", "env": [{"name": "MODEL_URI", "value": uri}]}]

    bench.fake.cluster.add("serving", "follows", server("models:/iris@champion"))
    bench.fake.cluster.add("serving", "pinned", server("models:/iris/1"))
    bench.fake.cluster.add("serving", "already", server("models:/iris/2"))
    bench.fake.cluster.add("serving", "wine", server("models:/wine/1"))
    made = await bench.good_plan("2")
    (follow, differ) = [message for _, message in told(made, "other deployments")]
    assert follow.startswith("serving/follows follows alias champion too")
    assert differ.startswith("serving/pinned (1) names another version of iris")
    for name, uri in (("sts", "models:/iris@champion"), ("wine-sts", "models:/wine/1")):
        template = to_template({"spec": {"containers": server(uri)}})
        bench.fake.cluster.others.append(OtherWorkload("StatefulSet", "serving", name, template))
    (follow, _) = [message for _, message in told(await bench.good_plan("2"), "other deployments")]
    assert follow.startswith("serving/follows, StatefulSet serving/sts follow alias champion too")
    bench.fake.cluster.others.clear()
    bench.fake.registry.aliases["iris"]["champion"] = "2"
    assert told(await bench.good_plan("2"), "other deployments") == []


async def test_where_a_value_comes_from_is_said(bench: Bench) -> None:
    cluster = bench.fake.cluster
    real = cluster.deployment

    async def deployment(namespace: str, name: str) -> Deployment:
        found = await real(namespace, name)
        env = (EnvVar("MODEL_NAME", "iris"), EnvVar("MODEL_VERSION", None, "key iris of ConfigMap versions"))
        return replace(found, template=replace(found.template, containers=(replace(found.template.containers[0], env=env),)))

    cluster.deployment = deployment  # type: ignore[method-assign]
    made = await bench.plan("2")
    assert isinstance(made, Refusal)
    assert made.code == "unlinked"
    assert made.message.endswith("MODEL_VERSION of container server comes from key iris of ConfigMap versions")


async def test_a_reference_that_is_not_certain_is_refused_until_somebody_says(bench: Bench) -> None:
    edit(_env("FALLBACK_MODEL_URI", "models:/iris/3"))(bench)
    made = await bench.plan("2")
    assert isinstance(made, Refusal)
    assert made.code == "several_links"
    assert "kubectl -n serving annotate deployment iris modeldeck.dev/link=server/env/MODEL_URI" in made.hint
    edit(lambda raw: raw["metadata"]["annotations"].update({"modeldeck.dev/link": "server/env/MODEL_URI"}))(bench)
    for _ in range(8):
        await bench.fake.clock.sleep(1.0)
    sure = await bench.good_plan("2")
    assert [where for where in sure.last.slot_edits if "/env/" in where] == ["/spec/template/spec/containers/0/env/2/value"]


async def test_a_workload_of_another_kind_is_named(bench: Bench) -> None:
    bench.fake.cluster.others.append(OtherWorkload("StatefulSet", "serving", "iris-sts", PodTemplate()))
    made = await plan(
        Intent(Kind.PROMOTE, "serving", "iris-sts", model="iris", to_version="2", actor="ann"),
        bench.fake.clients,
        bench.journal,
        bench.fake.clock,
    )
    assert isinstance(made, Refusal)
    assert (made.code, "serving/iris-sts is a StatefulSet" in made.message) == ("not_handled", True)
