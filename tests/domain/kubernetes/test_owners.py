"""Who would put a change back, by the marks that they leave, and what to edit instead."""

from __future__ import annotations

from typing import Any

import pytest

from modeldeck.domain.kubernetes.owners import Hold, changed_by, configured, owners
from modeldeck.domain.kubernetes.workloads import Controller, FieldOwner, Settings
from tests.domain.links.templates import deployment

KSERVE = Controller("serving.kserve.io/v1beta1", "InferenceService", "iris")
REVISION = Controller("serving.knative.dev/v1", "Revision", "iris-00003")
KSVC = {"serving.knative.dev/service": "iris", "serving.knative.dev/revision": "iris-00003"}
ISVC = {"serving.kserve.io/inferenceservice": "flowers"}


def writes(manager: str, operation: str = "Update", *, template: bool = True) -> dict[str, Any]:
    return {"owners": (FieldOwner(manager, operation, 1.0, template, False),)}


@pytest.mark.parametrize(
    ("parts", "message", "hold", "instead"),
    [
        (
            {"controller": KSERVE},
            "KServe (InferenceService iris)",
            Hold.REVERTS,
            "kubectl -n serving edit inferenceservice.serving.kserve.io iris",
        ),
        ({"controller": REVISION, "labels": KSVC}, "Knative (Revision iris-00003)", Hold.REVERTS, "edit service.serving.knative.dev iris"),
        (
            {"controller": REVISION, "labels": {**KSVC, **ISVC}},
            "Knative (Revision iris-00003)",
            Hold.REVERTS,
            "edit inferenceservice.serving.kserve.io flowers",
        ),
        (
            {"controller": Controller("flagger.app/v1beta1", "Canary", "iris"), "name": "iris-primary"},
            "Flagger (Canary iris)",
            Hold.REVERTS,
            "promote deployment iris instead",
        ),
        (
            {"controller": Controller("flagger.app/v1beta1", "Canary", "iris"), "name": "iris-canary"},
            "Flagger (Canary iris)",
            Hold.REVERTS,
            "edit canary.flagger.app iris",
        ),
        ({"controller": KSERVE, "name": "iris-primary"}, "KServe (InferenceService iris)", Hold.REVERTS, "edit inferenceservice"),
        (
            {"controller": Controller("models.example.com/v1", "ModelApp", "iris"), "labels": ISVC},
            "the operator of models.example.com (ModelApp iris)",
            Hold.REVERTS,
            "edit modelapp.models.example.com iris",
        ),
        ({"controller": Controller("v1", "ConfigMap", "release")}, "ConfigMap (owner release)", Hold.KEEPS, ""),
        ({"controller": Controller("batch/v1", "Job", "deploy")}, "Job (owner deploy)", Hold.KEEPS, ""),
        (
            {"annotations": {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:serving/iris"}},
            "Argo CD (application shop)",
            Hold.MAY_REVERT,
            "argocd app set shop --sync-policy none",
        ),
        ({"labels": {"argocd.argoproj.io/instance": "shop"}}, "Argo CD (application shop)", Hold.MAY_REVERT, "app set shop"),
        (
            {"labels": {"app.kubernetes.io/instance": "shop"}, **writes("argocd-controller", template=False)},
            "Argo CD (application shop)",
            Hold.MAY_REVERT,
            "app set shop",
        ),
        (writes("argocd-application-controller"), "Argo CD (field manager argocd-application-controller)", Hold.MAY_REVERT, "git"),
        (
            {"labels": {"kustomize.toolkit.fluxcd.io/name": "models", "kustomize.toolkit.fluxcd.io/namespace": "team"}},
            "Flux (kustomization models)",
            Hold.MAY_REVERT,
            "flux -n team suspend kustomization models",
        ),
        ({"labels": {"helm.toolkit.fluxcd.io/name": "iris"}}, "Flux (helm release iris)", Hold.MAY_REVERT, "suspend helmrelease iris"),
        (writes("kustomize-controller", "Apply"), "Flux (field manager kustomize-controller)", Hold.MAY_REVERT, "git"),
        ({"annotations": {"meta.helm.sh/release-name": "iris"}}, "Helm (release iris)", Hold.OVERWRITES, "the release's values"),
        (
            {"labels": {"app.kubernetes.io/managed-by": "Helm"}},
            "Helm (label app.kubernetes.io/managed-by)",
            Hold.OVERWRITES,
            "the release's values",
        ),
        (writes("Terraform", "Apply"), "Terraform (field manager Terraform)", Hold.OVERWRITES, "its next run"),
        (writes("pulumi-kubernetes-1f2e", "Apply"), "Pulumi (field manager pulumi-kubernetes-1f2e)", Hold.OVERWRITES, "its next run"),
        ({"annotations": {"configmanagement.gke.io/managed": "enabled"}}, "Config Sync", Hold.MAY_REVERT, "git"),
        ({"annotations": {"objectset.rio.cattle.io/id": "models"}}, "Fleet (bundle models)", Hold.MAY_REVERT, "git"),
        ({"labels": {"kapp.k14s.io/app": "1700"}}, "kapp (app 1700)", Hold.MAY_REVERT, "git"),
        (
            writes("model-operator", "Apply"),
            "model-operator (it applies the template)",
            Hold.MAY_REVERT,
            "where model-operator has it from",
        ),
    ],
)
def test_each_owner_with_what_to_edit_instead(parts: dict[str, Any], message: str, hold: Hold, instead: str) -> None:
    (found,) = owners(deployment(**{"name": "iris", **parts}))
    assert message in str(found)
    assert found.hold is hold
    assert instead in found.instead


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"labels": {"app.kubernetes.io/instance": "iris"}},
        {"labels": ISVC},
        {"annotations": {"argocd.argoproj.io/tracking-id": "shop:serving.kserve.io/InferenceService:serving/iris"}},
        {"annotations": {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:serving/other"}},
        {
            "labels": {"kustomize.toolkit.fluxcd.io/name": "models"},
            "annotations": {"kustomize.toolkit.fluxcd.io/reconcile": "disabled"},
        },
        *[
            {"labels": {"kustomize.toolkit.fluxcd.io/name": "models"}, "annotations": {"kustomize.toolkit.fluxcd.io/ssa": how}}
            for how in ("Ignore", "IfNotPresent")
        ],
        writes("kubectl-client-side-apply"),
        writes("kubectl", "Apply"),
        writes("modeldeck"),
        writes("model-operator", "Apply", template=False),
        writes("model-operator"),
    ],
)
def test_what_tells_of_no_owner(parts: dict[str, Any]) -> None:
    assert owners(deployment(**parts)) == ()


def test_each_once_and_the_surest_first() -> None:
    found = owners(
        deployment(
            controller=KSERVE,
            labels={"app.kubernetes.io/managed-by": "Helm"},
            annotations={"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:serving/iris", "meta.helm.sh/release-name": "iris"},
            **writes("argocd-controller"),
        )
    )
    assert [owner.name for owner in found] == ["KServe", "Argo CD", "Helm"]


@pytest.mark.parametrize(
    ("controller", "topmost", "labels", "instead"),
    [
        (REVISION, Controller("serving.knative.dev/v1", "Configuration", "iris"), KSVC, "edit service.serving.knative.dev iris"),
        (REVISION, Controller("platform.example.com/v1", "Product", "flowers"), KSVC, "edit product.platform.example.com flowers"),
        (KSERVE, KSERVE, {}, "edit inferenceservice.serving.kserve.io iris"),
        (KSERVE, Controller("v1", "ConfigMap", "all"), {}, "edit configmap all"),
    ],
)
def test_the_top_of_the_chain_is_what_to_edit(controller: Controller, topmost: Controller, labels: dict[str, str], instead: str) -> None:
    (found,) = owners(deployment(controller=controller, labels=labels), topmost)
    assert found.instead.endswith(instead)


ARGO: dict[str, Any] = {"annotations": {"argocd.argoproj.io/tracking-id": "team_shop:apps/Deployment:serving/iris"}}
KUSTOMIZE = {"labels": {"kustomize.toolkit.fluxcd.io/name": "models", "kustomize.toolkit.fluxcd.io/namespace": "team"}}
HELM_RELEASE = {"labels": {"helm.toolkit.fluxcd.io/name": "iris", "helm.toolkit.fluxcd.io/namespace": "team"}}
HEALS = {"syncPolicy": {"automated": {"selfHeal": True}}}


@pytest.mark.parametrize(
    ("marks", "spec", "hold"),
    [
        (ARGO, HEALS, Hold.REVERTS),
        (ARGO, {**HEALS, "ignoreDifferences": [{"kind": "Deployment"}]}, Hold.MAY_REVERT),
        (ARGO, {"syncPolicy": {"automated": {"selfHeal": True, "enabled": False}}}, Hold.OVERWRITES),
        (ARGO, {"syncPolicy": {"automated": {}}}, Hold.OVERWRITES),
        (ARGO, {"syncPolicy": None}, Hold.OVERWRITES),
        (ARGO, {}, Hold.OVERWRITES),
        (KUSTOMIZE, {}, Hold.REVERTS),
        (KUSTOMIZE, {"suspend": True}, Hold.OVERWRITES),
        (KUSTOMIZE, {"ignore": [{"paths": ["/spec/replicas"]}]}, Hold.MAY_REVERT),
        (HELM_RELEASE, {}, Hold.OVERWRITES),
        (HELM_RELEASE, {"driftDetection": {"mode": "warn"}}, Hold.OVERWRITES),
        (HELM_RELEASE, {"driftDetection": {"mode": "enabled"}}, Hold.REVERTS),
        (HELM_RELEASE, {"driftDetection": {"mode": "enabled", "ignore": [{"paths": ["/spec"]}]}}, Hold.MAY_REVERT),
        (HELM_RELEASE, {"driftDetection": {"mode": "enabled"}, "suspend": True}, Hold.OVERWRITES),
    ],
)
def test_how_a_tools_settings_tell_what_it_does(marks: dict[str, Any], spec: dict[str, Any], hold: Hold) -> None:
    (found,) = owners(deployment(name="iris", **marks))
    assert found.hold is Hold.MAY_REVERT
    assert found.source is not None
    assert (found.source_namespace, found.source.name) in (("team", "shop"), ("team", "models"), ("team", "iris"))
    assert configured(found, Settings(spec)).hold is hold


def test_what_flux_is_told_to_leave_alone_it_leaves_though_it_made_it() -> None:
    labels, left = {"kustomize.toolkit.fluxcd.io/name": "models"}, {"kustomize.toolkit.fluxcd.io/reconcile": "disabled"}
    made = (FieldOwner("kustomize-controller", "Apply", 1.0, True, False),)
    assert owners(deployment(name="iris", labels=labels, annotations=left, owners=made)) == ()
    assert [found.name for found in owners(deployment(name="iris", labels=labels, owners=made))] == ["Flux"]


@pytest.mark.parametrize(("annotation", "hold"), [("true", Hold.OVERWRITES), ("false", Hold.REVERTS), ("", Hold.REVERTS)])
def test_an_application_that_is_not_reconciled_puts_nothing_back(annotation: str, hold: Hold) -> None:
    (found,) = owners(deployment(name="iris", **ARGO))
    assert configured(found, Settings(HEALS, {"argocd.argoproj.io/skip-reconcile": annotation})).hold is hold


def entry(manager: str, at: float | None, *, template: bool = True, subresource: str = "") -> FieldOwner:
    return FieldOwner(manager, "Update", at, template, False, subresource)


@pytest.mark.parametrize(
    ("entries", "who"),
    [
        ([], "somebody"),
        ([entry("modeldeck", 5.0)], "somebody"),
        ([entry("modeldeck", 5.0), entry("argocd-controller", 4.0)], "somebody"),
        ([entry("modeldeck", 5.0), entry("argocd-controller", 6.0)], "Argo CD (field manager argocd-controller)"),
        ([entry("modeldeck", 5.0), entry("manager", 5.0)], "somebody (field manager manager)"),
        ([entry("kustomize-controller", 5.0), entry("modeldeck", 5.0)], "Flux (field manager kustomize-controller)"),
        ([entry("helm-controller", 2.0), entry("kubectl-edit", 3.0)], "somebody (field manager kubectl-edit)"),
        ([entry("kubectl-scale", 9.0, template=False), entry("status", 9.0, subresource="status"), entry("undated", None)], "somebody"),
    ],
)
def test_who_wrote_the_template_last_beside_us(entries: list[FieldOwner], who: str) -> None:
    assert changed_by(deployment(owners=tuple(entries))) == who
