"""Discovery: which groups, versions and resources there are, in the plain and the aggregated form."""

from __future__ import annotations

from kubesim.api.kinds import GROUP_VERSIONS, KINDS, Kind, Object

VERSION = {
    "major": "1",
    "minor": "36",
    "emulationMajor": "1",
    "emulationMinor": "36",
    "minCompatibilityMajor": "1",
    "minCompatibilityMinor": "35",
    "gitVersion": "v1.36.3",
    "gitCommit": "sandbox",
    "gitTreeState": "clean",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "none",
    "compiler": "none",
    "platform": "linux/amd64",
}
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


def wants_aggregated(accept: str) -> bool:
    """Whether the client takes the aggregated form in JSON (v2; others are old)."""
    return any(
        "as=APIGroupDiscoveryList" in part and "v=v2" in part.split(";") and part.strip().startswith("application/json")
        for part in accept.replace(" ", "").split(",")
    )


def api_versions(address: str) -> Object:
    return {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}],
    }


def group_list() -> Object:
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(group, version) for group, version in GROUP_VERSIONS if group]}


def group(name: str) -> Object | None:
    """`/apis/<name>`; None when there is no such group."""
    version = next((version for each, version in GROUP_VERSIONS if each == name and each), None)
    return None if version is None else {"kind": "APIGroup", "apiVersion": "v1", **_group(name, version)}


def _group(name: str, version: str) -> Object:
    preferred = {"groupVersion": f"{name}/{version}", "version": version}
    return {"name": name, "versions": [preferred], "preferredVersion": preferred}


def resource_list(group_name: str, version: str) -> Object | None:
    """`/apis/<group>/<version>`; None when it is not served."""
    if (group_name, version) not in GROUP_VERSIONS:
        return None
    resources: list[Object] = []
    for kind in sorted((kind for kind in KINDS if (kind.group, kind.version) == (group_name, version)), key=lambda kind: kind.plural):
        resources += _resources(kind)
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": f"{group_name}/{version}" if group_name else version,
        "resources": resources,
    }


def _resources(kind: Kind) -> list[Object]:
    own: Object = {
        "name": kind.plural,
        "singularName": kind.singular,
        "namespaced": kind.namespaced,
        "kind": kind.kind,
        "verbs": list(kind.verbs),
    }
    if kind.short:
        own["shortNames"] = list(kind.short)
    if kind.categories:
        own["categories"] = list(kind.categories)
    found = [own]
    for sub in kind.subresources:
        more: Object = {
            "name": f"{kind.plural}/{sub.name}",
            "singularName": "",
            "namespaced": kind.namespaced,
            "kind": sub.kind,
            "verbs": list(sub.verbs),
        }
        if sub.group is not None:
            more |= {"group": sub.group, "version": sub.version}
        found.append(more)
    return found


def aggregated(*, core: bool) -> Object:
    """Everything below /api (core) or /apis in one document."""
    items = [_aggregated_group(name, version) for name, version in GROUP_VERSIONS if bool(name) != core]
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}


def _aggregated_group(name: str, version: str) -> Object:
    kinds = [kind for kind in KINDS if (kind.group, kind.version) == (name, version)]
    resources = [_aggregated(kind) for kind in sorted(kinds, key=lambda kind: kind.plural)]
    return {"metadata": {"name": name} if name else {}, "versions": [{"version": version, "resources": resources, "freshness": "Current"}]}


def _aggregated(kind: Kind) -> Object:
    found: Object = {
        "resource": kind.plural,
        "responseKind": {"group": kind.group, "version": kind.version, "kind": kind.kind},
        "scope": "Namespaced" if kind.namespaced else "Cluster",
        "singularResource": kind.singular,
        "verbs": list(kind.verbs),
    }
    if kind.short:
        found["shortNames"] = list(kind.short)
    if kind.categories:
        found["categories"] = list(kind.categories)
    if kind.subresources:
        found["subresources"] = [
            {
                "subresource": sub.name,
                "verbs": list(sub.verbs),
                "responseKind": {
                    "group": kind.group if sub.group is None else sub.group,
                    "version": sub.version or kind.version,
                    "kind": sub.kind,
                },
            }
            for sub in kind.subresources
        ]
    return found
