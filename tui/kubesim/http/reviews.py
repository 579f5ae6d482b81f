"""The self-reviews: what may I do, and who am I."""

from __future__ import annotations

from kubesim.api import timestamps
from kubesim.api.kinds import ACCESS_REVIEWS, SUBJECT_REVIEWS, Kind, Object
from kubesim.api.statuses import Cause, bad_request, invalid_named
from kubesim.auth.access import MASTERS, Attributes, Authorizer, User

# What holds for the masters by their group, before any binding.
_EVERYTHING = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
_EVERY_PATH = {"verbs": ["*"], "nonResourceURLs": ["*"]}


def is_review(kind: Kind) -> bool:
    return not kind.stored


def answer(kind: Kind, obj: Object, user: User, authorizer: Authorizer) -> Object:
    """The review with its status filled in; nothing is stored."""
    meta = obj["metadata"]
    if kind is SUBJECT_REVIEWS:
        info: Object = {"username": user.name, "uid": user.uid, "groups": list(user.groups)}
        return {
            "metadata": {**meta, "creationTimestamp": timestamps.now()},
            "status": {"userInfo": {key: value for key, value in info.items() if value}},
        }
    spec = obj["spec"]
    if kind is ACCESS_REVIEWS:
        return {"metadata": meta, "spec": spec, "status": _access(spec, user, authorizer)}
    return {"metadata": {}, "spec": {}, "status": _rules(spec, user, authorizer)}


def _access(spec: Object, user: User, authorizer: Authorizer) -> Object:
    resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if resource is not None and path is None:
        wanted = Attributes(
            resource.get("verb", ""),
            resource.get("group", ""),
            resource.get("resource", ""),
            resource.get("subresource", ""),
            resource.get("namespace", ""),
            resource.get("name", ""),
        )
        allowed, reason = authorizer.allows(user, wanted), authorizer.reason(user, wanted)
    elif path is not None and resource is None:
        verb, target = path.get("verb", ""), path.get("path", "")
        allowed = authorizer.allows_path(user, verb, target)
        reason = "" if MASTERS in user.groups else authorizer.path_reason(user, verb, target)
    else:
        message = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        cause = Cause("FieldValueInvalid", f"Invalid value: null: {message}", "spec.resourceAttributes")
        raise invalid_named(f".{ACCESS_REVIEWS.group}", ACCESS_REVIEWS.group, "", "", [cause])
    return {"allowed": allowed, **({"reason": reason} if reason else {})}


def _rules(spec: Object, user: User, authorizer: Authorizer) -> Object:
    namespace = spec.get("namespace", "")
    if not namespace:
        raise bad_request("no namespace on request")
    master = MASTERS in user.groups
    resources: list[Object] = [_EVERYTHING] if master else []
    paths: list[Object] = [_EVERY_PATH] if master else []
    for rule, _ in authorizer.rules(user, namespace):
        place = paths if rule.get("nonResourceURLs") else resources
        if rule not in place:
            place.append(rule)
    return {"resourceRules": resources, "nonResourceRules": paths, "incomplete": False}
