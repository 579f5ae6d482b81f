"""Makes tui/kubesim/api/schema.json from a real API server's OpenAPI document and the Go types it was built from.

usage: python tests/conformance/kubernetes/distill_schema.py OPENAPI_V2.json GO_MODULES_DIR > tui/kubesim/api/schema.json

OPENAPI_V2.json is the answer of `kubectl get --raw /openapi/v2`; GO_MODULES_DIR holds api@vX and apimachinery@vX (`k8s.io` in the
Go module cache). From OpenAPI come types, required fields and merge keys; from the Go tags the protobuf numbers, which fields are inlined,
and which zero values are left out of JSON.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

ROOTS = (
    *(f"core.v1.{kind}" for kind in ("Namespace", "Node", "Pod", "Service", "ConfigMap", "Secret", "Event", "ServiceAccount", "Binding")),
    "events.v1.Event",
    "policy.v1.Eviction",
    "apps.v1.Deployment",
    "apps.v1.ReplicaSet",
    "autoscaling.v1.Scale",
    "autoscaling.v2.HorizontalPodAutoscaler",
    "coordination.v1.Lease",
    *(f"rbac.v1.{kind}" for kind in ("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")),
    "authorization.v1.SelfSubjectAccessReview",
    "authorization.v1.SelfSubjectRulesReview",
    "authentication.v1.SelfSubjectReview",
    "meta.v1.DeleteOptions",
)
PREFIXES = ("io.k8s.api.", "io.k8s.apimachinery.pkg.apis.", "io.k8s.apimachinery.pkg.")
SPECIAL = {
    "meta.v1.Time": "time",
    "meta.v1.MicroTime": "microtime",
    "api.resource.Quantity": "quantity",
    "util.intstr.IntOrString": "intorstring",
    "meta.v1.FieldsV1": "any",
    "runtime.RawExtension": "any",
}
FIELD = re.compile(
    r"^\s*(?:(\w+)\s+)?([\w.*\[\]]+(?:\s*map\[[^\]]*\][\w.*\[\]]+)?)\s+"
    r'`json:"([^"]*)"\s+(?:\w+:"[^"]*"\s+)*?protobuf:"\w+,(\d+),'
)


class Distiller:
    """Collects the shapes reachable from the roots."""

    def __init__(self, definitions: dict[str, Any], modules: Path) -> None:
        self._definitions = definitions
        self._modules = modules
        self._sources: dict[str, dict[str, list[str]]] = {}
        self.shapes: dict[str, Any] = {}

    def visit(self, name: str) -> None:
        if name in self.shapes:
            return
        definition = next(self._definitions[prefix + name] for prefix in PREFIXES if prefix + name in self._definitions)
        shape: dict[str, Any] = {"fields": {}}
        self.shapes[name] = shape
        tags, inlined = self._go(name)
        for label, property_ in definition.get("properties", {}).items():
            shape["fields"][label] = self._field(property_) | tags.get(label, {})
        if inlined:
            shape["inline"] = inlined
        if definition.get("required"):
            shape["required"] = definition["required"]
        if definition.get("x-kubernetes-map-type"):
            shape["map"] = definition["x-kubernetes-map-type"]

    def _field(self, property_: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {"type": self._type(property_)}
        for key, source in (
            ("patch", "patch-strategy"),
            ("key", "patch-merge-key"),
            ("list", "list-type"),
            ("keys", "list-map-keys"),
            ("map", "map-type"),
        ):
            if property_.get(f"x-kubernetes-{source}"):
                found[key] = property_[f"x-kubernetes-{source}"]
        return found

    def _type(self, property_: dict[str, Any]) -> str:
        if "$ref" in property_:
            name = _short(property_["$ref"].rpartition("/")[2])
            if name in SPECIAL:
                return SPECIAL[name]
            self.visit(name)
            return "@" + name
        match property_.get("type"):
            case "array":
                return "[]" + self._type(property_["items"])
            case "object" if "additionalProperties" in property_:
                return "{}" + self._type(property_["additionalProperties"])
            case "integer":
                return str(property_.get("format", "int64"))
            case "string":
                return "bytes" if property_.get("format") == "byte" else "string"
            case "boolean" | "number" as plain:
                return str(plain)
            case _:
                return "any"

    def _go(self, name: str) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
        """Tags by JSON name, and protobuf number → type of the inlined members."""
        group, version, kind = name.split(".")
        tags: dict[str, dict[str, Any]] = {}
        inlined: dict[str, str] = {}
        for text in self._structs(group, version).get(kind, []):
            match = FIELD.match(text)
            if match is None:
                continue
            go_type, (label, *flags), number = match[2], match[3].split(","), int(match[4])
            if not label:
                inlined[str(number)] = f"{group}.{version}.{go_type.lstrip('*')}"
                inner, deeper = self._go(inlined[str(number)])
                tags.update({key: {**tag, "in": str(number)} for key, tag in inner.items()})
                if deeper:
                    raise ValueError(f"{name}: an inlined member of an inlined member")
                continue
            tags[label] = {"n": number}
            if go_type.startswith("*"):
                continue
            if go_type.rpartition(".")[2] in ("Time", "MicroTime"):
                # encoding/json writes an empty time as null, unless told to leave out zeros.
                tags[label]["zero"] = "omit" if "omitzero" in flags else "null"
            elif "omitempty" in flags and not self._is_struct(go_type, group, version):
                tags[label]["zero"] = "omit"
            else:
                tags[label]["zero"] = "keep"
        return tags, inlined

    def _is_struct(self, go_type: str, group: str, version: str) -> bool:
        package, _, kind = go_type.rpartition(".")
        if package == "metav1":
            return kind in ("ObjectMeta", "LabelSelector")
        return kind in self._structs(group, version)

    def _structs(self, group: str, version: str) -> dict[str, list[str]]:
        key = f"{group}.{version}"
        if key not in self._sources:
            base = "apimachinery@*/pkg/apis/meta/v1" if group == "meta" else f"api@*/{group}/{version}"
            path = sorted(self._modules.glob(f"{base}/types.go"))[0]
            found = re.findall(r"^type (\w+) struct \{\n(.*?)^\}", path.read_text(), re.MULTILINE | re.DOTALL)
            self._sources[key] = {kind: body.splitlines() for kind, body in found}
        return self._sources[key]


def _short(name: str) -> str:
    return next(name.removeprefix(prefix) for prefix in PREFIXES if name.startswith(prefix))


def main(openapi: str, modules: str) -> None:
    distiller = Distiller(json.loads(Path(openapi).read_text())["definitions"], Path(modules))
    for root in ROOTS:
        distiller.visit(root)
    json.dump(dict(sorted(distiller.shapes.items())), sys.stdout, separators=(",", ":"))
    sys.stdout.write("\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
