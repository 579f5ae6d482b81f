"""Stand-ins for those who own Deployments: the kinds of KServe, Argo CD and Flux, and a controller that puts a template back.

Their own controllers do not run here. What they leave on a Deployment does: owner references, labels, annotations, and the names and ways
under which they write (managedFields).
"""

from __future__ import annotations

import contextlib
import copy
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from tests.conformance.clusters import until
from tests.conformance.kubernetes.api import APPLY, Api
from tests.conformance.node.serving import deployment

URI = "models:/iris/1"
_PAUSE = 0.2


@dataclass(frozen=True)
class Kind:
    """A custom resource definition, with whatever its objects hold."""

    group: str
    version: str
    kind: str
    plural: str

    @property
    def crd(self) -> dict[str, Any]:
        names = {"kind": self.kind, "plural": self.plural, "singular": self.kind.lower()}
        anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
        version = {"name": self.version, "served": True, "storage": True, "schema": {"openAPIV3Schema": anything}}
        return {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{self.plural}.{self.group}"},
            "spec": {"group": self.group, "scope": "Namespaced", "names": names, "versions": [version]},
        }

    def path(self, namespace: str, name: str = "") -> str:
        return f"/apis/{self.group}/{self.version}/namespaces/{namespace}/{self.plural}" + (f"/{name}" if name else "")


INFERENCE_SERVICE = Kind("serving.kserve.io", "v1beta1", "InferenceService", "inferenceservices")
APPLICATION = Kind("argoproj.io", "v1alpha1", "Application", "applications")
KUSTOMIZATION = Kind("kustomize.toolkit.fluxcd.io", "v1", "Kustomization", "kustomizations")
HELM_RELEASE = Kind("helm.toolkit.fluxcd.io", "v2", "HelmRelease", "helmreleases")
KINDS = (INFERENCE_SERVICE, APPLICATION, KUSTOMIZATION, HELM_RELEASE)


@dataclass(frozen=True)
class Product:
    """How one of them owns a Deployment: `source`, an object of `kind` in `namespace` with `spec`, and what it writes on the Deployment, as
    `manager`. `applies`: on the server, else it sends the whole object."""

    kind: Kind
    namespace: str
    source: str
    spec: dict[str, Any]
    manager: str
    applies: bool
    labels: dict[str, str]
    annotations: dict[str, str]
    controls: bool = False
    """It is the Deployment's owner by reference."""

    def deployment(self, name: str, uid: str) -> dict[str, Any]:
        """As it wants it; `uid` of its source."""
        body = deployment(name, URI)
        body["metadata"] |= {"labels": self.labels, "annotations": {key: text.format(name=name) for key, text in self.annotations.items()}}
        if self.controls:
            reference = {"apiVersion": f"{self.kind.group}/{self.kind.version}", "kind": self.kind.kind, "name": self.source, "uid": uid}
            body["metadata"]["ownerReferences"] = [{**reference, "controller": True, "blockOwnerDeletion": True}]
        return body


PRODUCTS = {
    "KServe": Product(
        INFERENCE_SERVICE,
        "serving",
        "flowers",
        {"predictor": {"model": {"modelFormat": {"name": "mlflow"}}}},
        "manager",
        False,
        {"app": "isvc.flowers-predictor", "serving.kserve.io/inferenceservice": "flowers", "component": "predictor"},
        {"serving.kserve.io/deploymentMode": "RawDeployment"},
        controls=True,
    ),
    "Argo CD": Product(
        APPLICATION,
        "argocd",
        "shop",
        {"syncPolicy": {"automated": {"prune": True, "selfHeal": True}}, "destination": {"namespace": "serving"}},
        "argocd-controller",
        True,
        {},
        {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:serving/{name}"},
    ),
    "Flux": Product(
        KUSTOMIZATION,
        "flux-system",
        "models",
        {"interval": "10m", "prune": True, "path": "./models", "sourceRef": {"kind": "GitRepository", "name": "models"}},
        "kustomize-controller",
        True,
        {"kustomize.toolkit.fluxcd.io/name": "models", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"},
        {},
    ),
    "Flux with Helm": Product(
        HELM_RELEASE,
        "flux-system",
        "iris",
        {"interval": "5m", "driftDetection": {"mode": "enabled"}, "chart": {"spec": {"chart": "iris"}}},
        "helm-controller",
        False,
        {
            "app.kubernetes.io/managed-by": "Helm",
            "helm.toolkit.fluxcd.io/name": "iris",
            "helm.toolkit.fluxcd.io/namespace": "flux-system",
        },
        {"meta.helm.sh/release-name": "iris", "meta.helm.sh/release-namespace": "serving"},
    ),
}


def install(api: Api) -> None:
    """All the kinds, and the namespaces in which their objects are."""
    for kind in KINDS:
        assert api.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", kind.crd).code in (201, 409)
    for namespace in ("argocd", "flux-system"):
        assert api.create("/api/v1/namespaces", {"metadata": {"name": namespace}}).code in (201, 409)

    def served(kind: Kind) -> bool:
        return api.get(kind.path("serving")).code == 200

    for kind in KINDS:
        until(f"{kind.plural} to be served", partial(served, kind))


@contextlib.contextmanager
def owned(api: Api, product: Product, name: str, *, annotations: Mapping[str, str] | None = None, **spec: Any) -> Iterator[None]:
    """A Deployment that the product owns; `spec` in place of parts of its source's, which has these `annotations`."""
    kind, place = product.kind, product.kind.path(product.namespace)
    body = {
        "apiVersion": f"{kind.group}/{kind.version}",
        "kind": kind.kind,
        "metadata": {"name": product.source, "annotations": dict(annotations or {})},
    }
    source = api.create(place, {**body, "spec": {**product.spec, **spec}}).ok
    try:
        assert write(api, product, product.deployment(name, source["metadata"]["uid"]))
        yield
    finally:
        api.delete(f"/apis/apps/v1/namespaces/serving/deployments/{name}", {"propagationPolicy": "Foreground"})
        api.delete(f"{place}/{product.source}")
        until(f"{name} to be gone", lambda: not api.get("/api/v1/namespaces/serving/pods", labelSelector=f"app={name}").ok["items"])


def write(api: Api, product: Product, body: dict[str, Any]) -> bool:
    """As the product does it: applied on the server by force, or put there as a whole. False: somebody else has written meanwhile."""
    path, name = "/apis/apps/v1/namespaces/serving/deployments", body["metadata"]["name"]
    if product.applies:
        api.call("PATCH", f"{path}/{name}", body, APPLY, fieldManager=product.manager, force="true").must()
        return True
    there = api.get(f"{path}/{name}")
    if there.code == 404:
        api.create(path, body, fieldManager=product.manager).must()
        return True
    changed = copy.deepcopy(there.ok)
    changed["spec"]["template"] = body["spec"]["template"]
    done = api.replace(f"{path}/{name}", changed, fieldManager=product.manager)
    assert done.code in (200, 409), done.body
    return done.code == 200


@contextlib.contextmanager
def reverting(api: Api, product: Product, name: str) -> Iterator[list[str]]:
    """The product's controller at work; what it has put back, as the references that it found."""
    path, found, stop = f"/apis/apps/v1/namespaces/serving/deployments/{name}", list[str](), threading.Event()
    wanted = api.get(path).ok

    def control() -> None:
        while not stop.wait(_PAUSE):
            now = api.get(path).ok
            uri = now["spec"]["template"]["spec"]["containers"][0]["env"][0]["value"]
            if uri != URI and write(api, product, product.deployment(name, _owner(wanted))):
                found.append(uri)

    thread = threading.Thread(target=control)
    thread.start()
    try:
        yield found
    finally:
        stop.set()
        thread.join()


def _owner(found: dict[str, Any]) -> str:
    return str(found["metadata"].get("ownerReferences", [{"uid": ""}])[0]["uid"])
