"""Validation of pod specs, in pods and in templates."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator

from kubesim.api.kinds import Object
from kubesim.api.statuses import Cause
from kubesim.api.validation_messages import DNS_LABEL, duplicate, name_problem, not_supported, required, too_small, wrong

_RESTART = ("Always", "OnFailure", "Never")
_PULL = ("Always", "IfNotPresent", "Never")
_DNS = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")


def check_pod_spec(spec: Object, where: str, *, template: bool) -> Iterator[Cause]:
    """`template`: of a deployment or replica set, where only restartPolicy Always is allowed."""
    volumes = {volume.get("name") for volume in spec.get("volumes") or ()}
    containers = spec.get("containers") or []
    if not containers:
        yield required(f"{where}.containers")
    seen: set[str] = set()
    for group in ("containers", "initContainers"):
        for at, container in enumerate(spec.get(group) or ()):
            yield from _container(container, f"{where}.{group}[{at}]", seen, volumes)
    if template and spec["restartPolicy"] != "Always":
        yield not_supported(f"{where}.restartPolicy", spec["restartPolicy"], ("Always",))
    elif spec["restartPolicy"] not in _RESTART:
        yield not_supported(f"{where}.restartPolicy", spec["restartPolicy"], _RESTART)
    if spec["dnsPolicy"] not in _DNS:
        yield not_supported(f"{where}.dnsPolicy", spec["dnsPolicy"], _DNS)
    if spec["terminationGracePeriodSeconds"] < 0:
        yield too_small(f"{where}.terminationGracePeriodSeconds", spec["terminationGracePeriodSeconds"])


def _container(container: Object, where: str, seen: set[str], volumes: set[str | None]) -> Iterator[Cause]:
    name = container.get("name", "")
    problem = name_problem(name, DNS_LABEL) if name else None
    if not name:
        yield required(f"{where}.name")
    elif problem:
        yield wrong(f"{where}.name", name, problem)
    elif name in seen:
        yield duplicate(f"{where}.name", name)
    seen.add(name)
    image = container.get("image", "")
    if not image:
        yield required(f"{where}.image")
    elif image.strip() != image:
        yield wrong(f"{where}.image", image, "must not have leading or trailing whitespace")
    if container["imagePullPolicy"] not in _PULL:
        yield not_supported(f"{where}.imagePullPolicy", container["imagePullPolicy"], _PULL)
    for at, port in enumerate(container.get("ports") or ()):
        if not 0 < port.get("containerPort", 0) < 65536:
            yield wrong(f"{where}.ports[{at}].containerPort", port.get("containerPort", 0), "must be between 1 and 65535, inclusive")
        if port["protocol"] not in ("SCTP", "TCP", "UDP"):
            yield not_supported(f"{where}.ports[{at}].protocol", port["protocol"], ("SCTP", "TCP", "UDP"))
    for at, variable in enumerate(container.get("env") or ()):
        if not variable.get("name"):
            yield required(f"{where}.env[{at}].name")
        elif "=" in variable["name"] or not re.fullmatch(r"[ -<>-~]+", variable["name"]):
            yield wrong(
                f"{where}.env[{at}].name",
                variable["name"],
                "a valid environment variable name must consist only of printable ASCII characters other than '='",
            )
    for at, mount in enumerate(container.get("volumeMounts") or ()):
        if mount.get("name") not in volumes:
            yield Cause("FieldValueNotFound", f'Not found: "{mount.get("name", "")}"', f"{where}.volumeMounts[{at}].name")
        if not mount.get("mountPath"):
            yield required(f"{where}.volumeMounts[{at}].mountPath")


def pod_spec_changed(obj: Object, old: Object) -> Iterator[Cause]:
    """An update of a pod may only change images, deadlines and tolerations."""
    if _fixed(obj["spec"]) != _fixed(old["spec"]):
        yield Cause(
            "FieldValueForbidden",
            "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"
            "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing "
            "tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
            "spec",
        )


def _fixed(spec: Object) -> Object:
    kept = copy.deepcopy(spec)
    for group in ("containers", "initContainers"):
        for container in kept.get(group, ()):
            container.pop("image", None)
    for name in ("activeDeadlineSeconds", "tolerations"):
        kept.pop(name, None)
    return kept
