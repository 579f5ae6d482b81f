"""The Scale view of deployments and replica sets."""

from __future__ import annotations

from kubesim.api.kinds import Kind, Object
from kubesim.api.statuses import Cause, bad_request, invalid_named
from kubesim.http.tables import selector_text


def as_scale(kind: Kind, obj: Object) -> Object:
    """An autoscaling/v1 Scale of `obj`, with the object's own resourceVersion as its lock."""
    meta = {key: obj["metadata"][key] for key in ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")}
    spec: Object = {"replicas": obj["spec"]["replicas"]} if obj["spec"]["replicas"] else {}
    status: Object = {"replicas": obj.get("status", {}).get("replicas", 0), "selector": selector_text(obj["spec"]["selector"])}
    return {"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": meta, "spec": spec, "status": status}


def replicas_of(scale: Object, *, patched: bool) -> int:
    """The wished number; raises 422 for a negative one, and for what is no number 400 (422 when it comes from a patch)."""
    wanted = (scale.get("spec") or {}).get("replicas", 0)
    if not isinstance(wanted, int) or isinstance(wanted, bool):
        if patched:
            raise invalid_named("", "", "", "", [Cause("FieldValueInvalid", f"Invalid value: {wanted!r}", "patch")])
        raise bad_request(
            'Scale in version "v1" cannot be handled as a Scale: json: cannot unmarshal '
            f"{'string' if isinstance(wanted, str) else 'value'} into Go struct field ScaleSpec.spec.replicas of type int32"
        )
    if wanted < 0:
        cause = Cause("FieldValueInvalid", f"Invalid value: {wanted}: must be greater than or equal to 0", "spec.replicas")
        raise invalid_named("Scale.autoscaling", "autoscaling", "Scale", (scale.get("metadata") or {}).get("name", ""), [cause])
    return wanted
