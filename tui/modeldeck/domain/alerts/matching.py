"""Whose an alert is, as its labels say."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from modeldeck.domain.alerts.alert import Alert
from modeldeck.domain.metrics.profiles.queries import pod_pattern
from modeldeck.domain.metrics.series_scope import NAMESPACES, PODS, SeriesScope

MOST = 20
"""Alerts of one deployment that are told."""
DEPLOYMENTS = ("exported_deployment", "deployment", "kubernetes_deployment", "k8s_deployment_name", "kube_deployment")
_CUT = 46
"""Characters of a Deployment's name from which on its pods' names hold a part of it only."""
_MATCHER = re.compile(r"""\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*(["'])(.*)\3\s*""", re.DOTALL)


def alerts_by_deployment(alerts: Iterable[Alert], keys: Collection[str], scope: SeriesScope) -> dict[str, tuple[Alert, ...]]:
    """`namespace/name` of those of these deployments that alerts are about → their alerts, firing ones first, the oldest first.

    An alert is a deployment's by a namespace and a label that names the deployment, or one of its pods. `exported_` labels come first:
    beside them, the others are those of whoever handed the series on.
    """
    long: dict[str, list[str]] = defaultdict(list)
    for key in keys:
        namespace, _, name = key.partition("/")
        if len(name) >= _CUT:
            long[namespace].append(name)
    found: dict[str, list[Alert]] = defaultdict(list)
    for alert in alerts:
        key = _key(alert.labels, keys, long, scope) if in_scope(alert.labels, scope) else ""
        if key:
            found[key].append(alert)
    return {key: tuple(sorted(each, key=_order)) for key, each in found.items()}


def _order(alert: Alert) -> tuple[bool, bool, float, str]:
    return not alert.firing, alert.silenced, alert.since or 0.0, alert.name


def _key(labels: Mapping[str, str], keys: Collection[str], long: Mapping[str, Sequence[str]], scope: SeriesScope) -> str:
    """ "" where it is about none of them."""
    namespace = _first(labels, (scope.namespace,) if scope.namespace else NAMESPACES)
    deployment = _first(labels, DEPLOYMENTS)
    if not namespace:
        return ""
    if deployment:
        return f"{namespace}/{deployment}" if f"{namespace}/{deployment}" in keys else ""
    pod = _first(labels, (scope.pod,) if scope.pod else PODS)
    stem = pod.rsplit("-", 2)[0]
    names = [stem] if f"{namespace}/{stem}" in keys else long.get(namespace, ())
    return next((f"{namespace}/{name}" for name in names if re.fullmatch(pod_pattern(name), pod)), "")


def _first(labels: Mapping[str, str], names: Sequence[str]) -> str:
    return next((labels[name] for name in names if labels.get(name)), "")


def in_scope(labels: Mapping[str, str], scope: SeriesScope) -> bool:
    """Whether the environment's matchers let it through. A label that the alert does not have says nothing: rules sum labels away."""
    return all(_passes(labels, matcher) for matcher in scope.matchers)


def _passes(labels: Mapping[str, str], matcher: str) -> bool:
    parts = _MATCHER.fullmatch(matcher)
    if parts is None or parts[1] not in labels:
        return True
    value, text = labels[parts[1]], parts[4].replace("\\\\", "\\").replace('\\"', '"')
    try:
        same = re.fullmatch(text, value) is not None if "~" in parts[2] else value == text
    except re.error:
        return True
    return same is not parts[2].startswith("!")
