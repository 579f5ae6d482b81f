"""What a pod's spec asks of the node: image, variables, arguments, probes, and which deployment it belongs to. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from modeldeck.sandbox.node.api import Object

IMAGE = "modeldeck/model-server"
_REFERENCE = re.compile(r"\$\$|\$\(([A-Za-z_.-][A-Za-z0-9_.-]*)\)")
_FIELDS = ("metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName")


class BadConfiguration(ValueError):
    """The container asks for something that this node does not have: CreateContainerConfigError."""


@dataclass(frozen=True)
class Probe:
    """An HTTP probe; times in seconds."""

    path: str = "/ping"
    delay: float = 0
    period: float = 10
    timeout: float = 1
    failures: int = 3
    successes: int = 1


def can_run(image: str) -> bool:
    """Whether this node has the image: modeldeck/model-server with any tag or digest, from any registry."""
    name = image.partition("@")[0]
    repository, _, tag = name.rpartition(":")
    repository = repository if repository and "/" not in tag else name
    return repository == IMAGE or repository.endswith(f"/{IMAGE}")


def environment(pod: Object, container: Object) -> dict[str, str]:
    """The container's variables, with $(NAME) references to earlier ones resolved. Raises BadConfiguration."""
    found: dict[str, str] = {}
    if container.get("envFrom"):
        raise BadConfiguration("envFrom: this node has no ConfigMaps and Secrets")
    for entry in container.get("env") or ():
        found[entry["name"]] = expand(entry.get("value") or "", found) if "valueFrom" not in entry else _field(pod, entry)
    return found


def _field(pod: Object, entry: Object) -> str:
    path = entry["valueFrom"].get("fieldRef", {}).get("fieldPath", "")
    if path not in _FIELDS:
        raise BadConfiguration(f"{entry['name']}: this node resolves only fieldRef of {', '.join(_FIELDS)}")
    section, name = path.split(".")
    return str(pod[section].get(name, ""))


def arguments(container: Object, variables: Mapping[str, str]) -> list[str]:
    """Command and arguments, expanded."""
    given: Iterable[str] = (*(container.get("command") or ()), *(container.get("args") or ()))
    return [expand(each, variables) for each in given]


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Kubernetes' own expansion: $(NAME) of known variables, $$ for a dollar; unknown references stay as they are."""

    def replaced(match: re.Match[str]) -> str:
        return "$" if match[0] == "$$" else variables.get(match[1], match[0])

    return _REFERENCE.sub(replaced, text)


def readiness(container: Object) -> Probe:
    """The readiness probe; a container without one is probed all the same, since a model that is loading must get no requests."""
    return _probe(container.get("readinessProbe")) or Probe()


def liveness(container: Object) -> Probe | None:
    """The liveness probe, where it is an HTTP one."""
    return _probe(container.get("livenessProbe"))


def _probe(given: Object | None) -> Probe | None:
    if not given or "httpGet" not in given:
        return None
    path = given["httpGet"].get("path") or "/"
    return Probe(
        path if path.startswith("/") else f"/{path}",
        float(given.get("initialDelaySeconds") or 0),
        float(given.get("periodSeconds") or 10),
        float(given.get("timeoutSeconds") or 1),
        int(given.get("failureThreshold") or 3),
        int(given.get("successThreshold") or 1),
    )


def deployment(pod: Object) -> str:
    """The deployment that a pod belongs to, by its replica set's name; the pod's own name where it belongs to none."""
    labels = pod["metadata"].get("labels") or {}
    suffix = labels.get("pod-template-hash")
    for owner in pod["metadata"].get("ownerReferences") or ():
        if owner["kind"] == "ReplicaSet" and suffix:
            return str(owner["name"]).removesuffix(f"-{suffix}")
    return str(pod["metadata"]["name"])
