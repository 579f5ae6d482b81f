"""Deleting: grace periods, finalizers, propagation and preconditions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from kubesim.api import timestamps
from kubesim.api.kinds import NAMESPACES, Kind, Object
from kubesim.api.statuses import ApiError, Cause, conflict, forbidden, invalid_named, success
from kubesim.registry.registry import Registry

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"
_PERMANENT = ("default", "kube-system", "kube-public")
_POLICIES = ("Foreground", "Background", "Orphan")
# Kinds for which the answer is the deleted object; for the others it is a Status.
_RETURNED = {"Pod", "Service", "ServiceAccount"}


@dataclass(frozen=True, slots=True)
class Options:
    """A DeleteOptions body, merged with the query. Grace in seconds; None: the object's own."""

    grace: int | None = None
    propagation: str = ""
    uid: str = ""
    version: str = ""
    dry_run: bool = False


def parse_options(body: Object, query: dict[str, str]) -> Options:
    """Raises 422 for a policy that does not exist."""
    grace = body.get("gracePeriodSeconds")
    if grace is None and query.get("gracePeriodSeconds", "").lstrip("-").isdigit():
        grace = int(query["gracePeriodSeconds"])
    policy = body.get("propagationPolicy") or query.get("propagationPolicy", "")
    if not policy and body.get("orphanDependents") is not None:
        policy = "Orphan" if body["orphanDependents"] else "Background"
    if policy and policy not in _POLICIES:
        choices = ", ".join(f'"{choice}"' for choice in (*_POLICIES, "nil"))
        raise invalid_named(
            "DeleteOptions.meta.k8s.io",
            "meta.k8s.io",
            "DeleteOptions",
            "",
            [Cause("FieldValueNotSupported", f'Unsupported value: "{policy}": supported values: {choices}', "propagationPolicy")],
        )
    conditions = body.get("preconditions") or {}
    return Options(
        grace,
        policy,
        conditions.get("uid") or "",
        conditions.get("resourceVersion") or "",
        bool(body.get("dryRun")) or bool(query.get("dryRun")),
    )


def delete(registry: Registry, kind: Kind, namespace: str, name: str, options: Options) -> Object:
    """Delete, or mark as being deleted. The answer is a Status when the object is gone, else the object."""
    obj = registry.get(kind, namespace, name)
    meta = obj["metadata"]
    if kind is NAMESPACES and name in _PERMANENT:
        raise forbidden(kind, name, "this namespace may not be deleted")
    _check_preconditions(kind, name, meta, options)
    _set_finalizers(meta, options.propagation)
    grace = _grace(kind, obj, options)
    waits = bool(meta.get("finalizers")) or grace > 0 or bool((obj.get("spec") or {}).get("finalizers"))
    if not waits:
        if kind.kind == "Pod":
            _mark(kind, obj, 0)
        if not options.dry_run:
            registry.store.remove(kind, namespace, name, obj)
        whole = {"kind": kind.kind, "apiVersion": kind.api_version, **obj}
        return whole if kind.kind in _RETURNED else success(kind, name, meta["uid"])
    if _mark(kind, obj, grace) and not options.dry_run:
        registry.store.put(kind, obj)
    return {"kind": kind.kind, "apiVersion": kind.api_version, **obj}


def _check_preconditions(kind: Kind, name: str, meta: Object, options: Options) -> None:
    if options.uid and options.uid != meta["uid"]:
        raise _precondition(
            kind,
            name,
            f"the UID in the precondition ({options.uid}) does not match the UID in record ({meta['uid']}). "
            "The object might have been deleted and then recreated",
        )
    if options.version and options.version != meta["resourceVersion"]:
        raise _precondition(
            kind,
            name,
            f"the ResourceVersion in the precondition ({options.version}) does not match the ResourceVersion "
            f"in record ({meta['resourceVersion']}). The object might have been modified",
        )


def _precondition(kind: Kind, name: str, message: str) -> ApiError:
    refusal = conflict(kind, name, message)
    who = f"{kind.kind}.{kind.group}" if kind.group else kind.kind
    refusal.message = f'Operation cannot be fulfilled on {who} "{name}": {message}'
    if refusal.details is not None:
        refusal.details["kind"] = kind.kind
    return refusal


def _set_finalizers(meta: Object, propagation: str) -> None:
    kept = [name for name in meta.get("finalizers", ()) if name not in (FOREGROUND, ORPHAN)] if propagation else meta.get("finalizers", [])
    if propagation == "Foreground":
        kept = [*kept, FOREGROUND]
    elif propagation == "Orphan":
        kept = [*kept, ORPHAN]
    if kept:
        meta["finalizers"] = list(kept)
    else:
        meta.pop("finalizers", None)


def _grace(kind: Kind, obj: Object, options: Options) -> int:
    """Seconds until the object may go. Only a pod that runs somewhere has any: nobody has to stop the others."""
    if kind.kind != "Pod":
        return 0
    if not obj["spec"].get("nodeName") or obj["status"].get("phase") in ("Succeeded", "Failed"):
        return 0
    wanted = options.grace if options.grace is not None else obj["spec"]["terminationGracePeriodSeconds"]
    if "deletionTimestamp" in obj["metadata"]:
        # A second delete can only shorten the wait.
        return min(wanted if options.grace is not None else 10**9, int(obj["metadata"].get("deletionGracePeriodSeconds", 0)))
    return max(int(wanted), 0)


def _mark(kind: Kind, obj: Object, grace: int) -> bool:
    """Set the deletion timestamp; False when it was set already and nothing gets shorter."""
    meta = obj["metadata"]
    again = "deletionTimestamp" in meta
    if again and meta.get("deletionGracePeriodSeconds", 0) <= grace and kind.kind == "Pod" and not meta.get("finalizers"):
        return False
    if again:
        moment = timestamps.parse(meta["deletionTimestamp"]) - timedelta(seconds=meta.get("deletionGracePeriodSeconds", 0) - grace)
        meta["deletionTimestamp"] = timestamps.stamp(moment)
    else:
        meta["deletionTimestamp"] = timestamps.stamp(datetime.now(UTC) + timedelta(seconds=grace))
        if meta.get("generation"):
            meta["generation"] += 1
    meta["deletionGracePeriodSeconds"] = grace
    if kind.kind == "Namespace":
        obj["status"] = {**obj.get("status", {}), "phase": "Terminating"}
    return True
