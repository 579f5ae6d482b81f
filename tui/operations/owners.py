"""Who else owns a Deployment, and would revert or fight a change of its template."""

from __future__ import annotations

from tui.domain.serving import Deployment

_ARGO_TRACKING = "argocd.argoproj.io/tracking-id"
_ARGO_INSTANCE = "argocd.argoproj.io/instance"
_FLUX_KUSTOMIZE = "kustomize.toolkit.fluxcd.io/name"
_FLUX_HELM = "helm.toolkit.fluxcd.io/name"
_HELM_RELEASE = "meta.helm.sh/release-name"
_MANAGED_BY = "app.kubernetes.io/managed-by"
_MANAGERS = (
    ("argocd", "Argo CD"),
    ("kustomize-controller", "Flux"),
    ("helm-controller", "Flux"),
    ("flux", "Flux"),
    ("helm", "Helm"),
)


def owners(deployment: Deployment) -> tuple[str, ...]:
    """In words, each owner once with what tells of it."""
    found: dict[str, str] = {}
    for name, evidence in (*_by_metadata(deployment), *_by_managers(deployment)):
        found.setdefault(name, evidence)
    return tuple(f"{name} ({evidence})" for name, evidence in found.items())


def _by_metadata(deployment: Deployment) -> list[tuple[str, str]]:
    labels, annotations = deployment.labels, deployment.annotations
    found = []
    if _ARGO_TRACKING in annotations:
        found.append(("Argo CD", f"application {annotations[_ARGO_TRACKING].partition(':')[0]}"))
    if _ARGO_INSTANCE in labels:
        found.append(("Argo CD", f"application {labels[_ARGO_INSTANCE]}"))
    if _FLUX_KUSTOMIZE in labels:
        found.append(("Flux", f"kustomization {labels[_FLUX_KUSTOMIZE]}"))
    if _FLUX_HELM in labels:
        found.append(("Flux", f"helm release {labels[_FLUX_HELM]}"))
    if _HELM_RELEASE in annotations:
        found.append(("Helm", f"release {annotations[_HELM_RELEASE]}"))
    elif labels.get(_MANAGED_BY, "").lower() == "helm":
        found.append(("Helm", f"label {_MANAGED_BY}"))
    return found


def _by_managers(deployment: Deployment) -> list[tuple[str, str]]:
    return [
        (name, f"field manager {owner.manager}")
        for owner in deployment.owners
        if owner.owns_template
        for start, name in _MANAGERS
        if owner.manager.lower().startswith(start)
    ]
