"""Who else writes a Deployment, would put a change of its template back, and what to edit instead.

    owner reference with `controller: true`   an operator makes the Deployment from an object of its own, and compares it again and again
    Argo CD, Flux, Config Sync, Fleet, kapp   compare it with git: whether they correct it, settings tell that do not stand on it
    Helm, Terraform, Pulumi                   write it anew at their next release

The marks are each tool's own (tracking annotations, labels), else the name under which it writes (managedFields).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from modeldeck.domain.kubernetes.annotations import FIELD_MANAGER
from modeldeck.domain.kubernetes.workloads import Controller, Deployment, Settings


class Hold(StrEnum):
    REVERTS = "reverts"
    """Surely, and soon."""
    MAY_REVERT = "may-revert"
    OVERWRITES = "overwrites"
    """With its next release, and not before."""
    KEEPS = "keeps"
    """It owns the Deployment, and does not look at its template."""


@dataclass(frozen=True, slots=True)
class TemplateOwner:
    """`name` who, `evidence` by what it is known, `instead` what to edit in place of the Deployment."""

    name: str
    evidence: str
    hold: Hold
    instead: str
    source: Controller | None = None
    """The object whose settings tell how it holds the Deployment (`configured`), where there is one."""
    source_namespace: str = ""

    def __str__(self) -> str:
        return f"{self.name} ({self.evidence})"


_ARGO = "Argo CD"
_FLUX = "Flux"
_HELM = "Helm"
_ARGO_MARKS = "argocd.argoproj.io/"
_ARGO_TRACKING = f"{_ARGO_MARKS}tracking-id"
_ARGO_PAUSED = f"{_ARGO_MARKS}skip-reconcile"
_INSTANCE = "app.kubernetes.io/instance"
_MANAGED_BY = "app.kubernetes.io/managed-by"
_FLUX_KINDS = (
    ("kustomize.toolkit.fluxcd.io", "v1", "Kustomization", "kustomization"),
    ("helm.toolkit.fluxcd.io", "v2", "HelmRelease", "helm release"),
)
_HELM_RELEASE = "meta.helm.sh/release-name"
_IN_GIT = "make the same change in its source (git), or pause its sync"
_IN_CODE = "make the same change in its source: its next run writes the template anew"

_TOOLS = {
    "argocd": (_ARGO, Hold.MAY_REVERT, _IN_GIT),
    "argo-cd": (_ARGO, Hold.MAY_REVERT, _IN_GIT),
    "kustomize-controller": (_FLUX, Hold.MAY_REVERT, _IN_GIT),
    "helm-controller": (_FLUX, Hold.MAY_REVERT, _IN_GIT),
    "flux": (_FLUX, Hold.MAY_REVERT, _IN_GIT),
    "configsync": ("Config Sync", Hold.MAY_REVERT, _IN_GIT),
    "configmanagement.gke.io": ("Config Sync", Hold.MAY_REVERT, _IN_GIT),
    "fleet": ("Fleet", Hold.MAY_REVERT, _IN_GIT),
    "kapp": ("kapp", Hold.MAY_REVERT, _IN_GIT),
    "helm": (_HELM, Hold.OVERWRITES, "make the same change in the release's values: its next upgrade writes the template anew"),
    "terraform": ("Terraform", Hold.OVERWRITES, _IN_CODE),
    "hashicorp": ("Terraform", Hold.OVERWRITES, _IN_CODE),
    "pulumi": ("Pulumi", Hold.OVERWRITES, _IN_CODE),
}
"""How the name begins under which a tool writes, or which stands in `app.kubernetes.io/managed-by`."""

_OPERATORS = {
    "serving.kserve.io": "KServe",
    "serving.knative.dev": "Knative",
    "flagger.app": "Flagger",
    "machinelearning.seldon.io": "Seldon",
}
_TOPMOST = (
    ("serving.kserve.io/inferenceservice", "InferenceService", "serving.kserve.io"),
    ("serving.knative.dev/service", "Service", "serving.knative.dev"),
)
"""Labels that name the object at the top of a chain of owners, for where the chain may not be read: what lies between is made, too."""
_PRIMARY = "-primary"


def owners(deployment: Deployment, topmost: Controller | None = None) -> tuple[TemplateOwner, ...]:
    """Each once, the surest first. `topmost`: where the chain of controllers ends, where that was looked up."""
    found: dict[str, TemplateOwner] = {}
    for owner in (*_by_reference(deployment, topmost), *_by_marks(deployment), *_by_managers(deployment)):
        found.setdefault(owner.name, owner)
    return tuple(found.values())


def configured(owner: TemplateOwner, settings: Settings) -> TemplateOwner:
    """How it holds the Deployment by its source: Argo CD's self-heal, Flux' correction of drift, whether they are paused."""
    spec = settings.spec
    kind = owner.source.kind if owner.source is not None else ""
    if kind == "Application":
        automated = _within(spec, "syncPolicy", "automated")
        paused = automated.get("enabled") is False or settings.annotations.get(_ARGO_PAUSED, "").lower() == "true"
        heals = automated.get("selfHeal") is True and not paused
        hold, excepted = Hold.REVERTS if heals else Hold.OVERWRITES, spec.get("ignoreDifferences")
    else:
        drift = _within(spec, "driftDetection")
        corrects = spec.get("suspend") is not True and (kind == "Kustomization" or drift.get("mode") == "enabled")
        hold, excepted = Hold.REVERTS if corrects else Hold.OVERWRITES, spec.get("ignore") or drift.get("ignore")
    # What is excepted may be the very place that is edited.
    return replace(owner, hold=Hold.MAY_REVERT if hold is Hold.REVERTS and excepted else hold)


def changed_by(deployment: Deployment) -> str:
    """Who has changed the template after us: whoever wrote it last, by the name under which it writes.

    Kubernetes tells whole seconds: whoever wrote in the same one as we did came after us, or it would be as we left it.
    """
    written = [owner for owner in deployment.owners if owner.owns_template and not owner.subresource and owner.at is not None]
    last = max(written, key=lambda owner: (owner.at or 0.0, owner.manager != FIELD_MANAGER), default=None)
    if last is None or last.manager == FIELD_MANAGER:
        return "somebody"
    known = _known(last.manager)
    return f"{_TOOLS[known][0] if known else 'somebody'} (field manager {last.manager})"


def _within(spec: Mapping[str, object], *path: str) -> Mapping[str, object]:
    for key in path:
        inner = spec.get(key)
        spec = inner if isinstance(inner, Mapping) else {}
    return spec


def _by_reference(deployment: Deployment, topmost: Controller | None) -> Iterator[TemplateOwner]:
    controller = deployment.controller
    if controller is None:
        return
    if "." not in controller.group:
        # Kubernetes' own kinds: none of its controllers makes Deployments. Somebody had it named so that they go together.
        yield TemplateOwner(controller.kind, f"owner {controller.name}", Hold.KEEPS, "")
        return
    name = _OPERATORS.get(controller.group, f"the operator of {controller.group}")
    yield TemplateOwner(name, f"{controller.kind} {controller.name}", Hold.REVERTS, _instead_of(controller, topmost, deployment))


def _instead_of(controller: Controller, topmost: Controller | None, deployment: Deployment) -> str:
    if controller.group == "flagger.app" and deployment.name.endswith(_PRIMARY):
        target = deployment.name.removesuffix(_PRIMARY)
        return f"promote deployment {target} instead: Flagger tries it and then copies it into {deployment.name}"
    top = controller if topmost is None else topmost
    kind, group, name = top.kind, top.group, top.name
    if group in _OPERATORS:
        labels = deployment.labels
        kind, group, name = next(((kind, group, labels[label]) for label, kind, group in _TOPMOST if label in labels), (kind, group, name))
    return f"edit what it is made from: kubectl -n {deployment.namespace} edit {kind.lower()}{group and '.'}{group} {name}"


def _by_marks(deployment: Deployment) -> Iterator[TemplateOwner]:
    labels, annotations = deployment.labels, deployment.annotations
    application = _application(deployment)
    if application:
        there, _, app = application.rpartition("_")  # applications outside of Argo CD's own namespace are tracked with theirs
        named = f"{there}/{app}" if there else app
        instead = f"make the same change in its source (git), or pause its sync: argocd app set {named} --sync-policy none"
        source = Controller("argoproj.io/v1alpha1", "Application", app)
        yield TemplateOwner(_ARGO, f"application {application}", Hold.MAY_REVERT, instead, source, there or "argocd")
    for group, version, kind, said in _FLUX_KINDS:
        name = labels.get(f"{group}/name")
        if name is not None and not _left_alone(group, annotations):
            there = labels.get(f"{group}/namespace", "flux-system")
            instead = f"make the same change in its source (git), or pause it: flux -n {there} suspend {kind.lower()} {name}"
            source = Controller(f"{group}/{version}", kind, name)
            yield TemplateOwner(_FLUX, f"{said} {name}", Hold.MAY_REVERT, instead, source, there)
    if _HELM_RELEASE in annotations:
        yield _tool("helm", f"release {annotations[_HELM_RELEASE]}")
    if annotations.get("configmanagement.gke.io/managed") == "enabled":
        yield _tool("configsync", "annotation configmanagement.gke.io/managed")
    if "objectset.rio.cattle.io/id" in annotations:
        yield _tool("fleet", f"bundle {annotations['objectset.rio.cattle.io/id']}")
    if "kapp.k14s.io/app" in labels:
        yield _tool("kapp", f"app {labels['kapp.k14s.io/app']}")
    managed = _known(labels.get(_MANAGED_BY, ""))
    if managed:
        yield _tool(managed, f"label {_MANAGED_BY}")


def _left_alone(group: str, annotations: Mapping[str, str]) -> bool:
    """Flux does not reconcile the object, or only makes it where it is missing."""
    applied = annotations.get(f"{group}/ssa", "").lower()
    return annotations.get(f"{group}/reconcile") == "disabled" or applied in ("ignore", "ifnotpresent")


def _application(deployment: Deployment) -> str:
    """Argo CD's application; "" where it has none.

    `app.kubernetes.io/instance` is Argo CD's only where Argo CD was here: every chart sets it. A tracking annotation names its object
    (`shop:apps/Deployment:serving/iris`): one that was copied from another object says nothing, which is how Argo CD reads it.
    """
    labels, annotations = deployment.labels, deployment.annotations
    application, _, tracked = annotations.get(_ARGO_TRACKING, "").partition(":")
    if application and tracked in ("", f"apps/Deployment:{deployment.key}"):
        return application
    if f"{_ARGO_MARKS}instance" in labels:
        return labels[f"{_ARGO_MARKS}instance"]
    writes = any(_TOOLS[known][0] == _ARGO for owner in deployment.owners if (known := _known(owner.manager)))
    return labels.get(_INSTANCE, "") if writes else ""


def _by_managers(deployment: Deployment) -> Iterator[TemplateOwner]:
    for owner in deployment.owners:
        if not owner.owns_template:
            continue
        known = _known(owner.manager)
        if known and _TOOLS[known][0] == _FLUX and any(_left_alone(group, deployment.annotations) for group, *_ in _FLUX_KINDS):
            continue
        if known:
            yield _tool(known, f"field manager {owner.manager}")
        elif owner.operation == "Apply" and not owner.manager.startswith(("kubectl", FIELD_MANAGER)):
            yield TemplateOwner(
                owner.manager, "it applies the template", Hold.MAY_REVERT, f"make the same change where {owner.manager} has it from"
            )


def _known(name: str) -> str:
    """The tool that writes under this name; "" where none is known."""
    return next((start for start in _TOOLS if name.lower().startswith(start)), "")


def _tool(known: str, evidence: str) -> TemplateOwner:
    name, hold, instead = _TOOLS[known]
    return TemplateOwner(name, evidence, hold, instead)
