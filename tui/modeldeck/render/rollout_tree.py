"""A rollout as a tree: Deployment → ReplicaSets by revision, newest first → their pods."""

from __future__ import annotations

from collections.abc import Sequence

from modeldeck.domain.kubernetes import rollout
from modeldeck.domain.kubernetes.workloads import Deployment, Fleet, Pod, ReplicaSet
from modeldeck.domain.links.linking import link_in
from modeldeck.domain.links.links import LinkPatterns, ServingLink
from modeldeck.render import deployments, numbers
from modeldeck.render.cell import Cell, Line, Role, line_text
from modeldeck.render.fold import flow
from modeldeck.render.text import cells, clean

_KEPT = 1
"""ReplicaSets without pods that are shown below those with some: where a roll-back would lead."""
_STATES: dict[str, Role] = {rollout.DONE: "ok", rollout.FAILED: "bad"}


def tree_of(fleet: Fleet, key: str, patterns: LinkPatterns, now: float, *, width: int) -> list[Line]:
    """The Deployment `namespace/name` with what stands below it, in names as long as `width` cells leave room for."""
    found = next((deployment for deployment in fleet.deployments if deployment.key == key), None)
    if found is None:
        return [(Cell(f" {key} is not among the deployments that are looked at here", "muted"),)]
    status = rollout.status(found)
    lines: list[Line] = [
        (
            Cell(f" {key}", "strong"),
            Cell(f"  r{found.revision}  ", "muted"),
            Cell(f"{found.ready}/{found.desired} ready", "ok" if found.ready >= found.desired else "warn"),
        ),
        *flow([(Cell(" "), Cell(status.message, _STATES.get(status.state, "accent")))], width, hang=1),
    ]
    whole = tree_lines(found, fleet.replica_sets, fleet.pods, patterns, now)
    if any(cells(clean(line_text(line))) > width for line in whole):
        whole = tree_lines(found, fleet.replica_sets, fleet.pods, patterns, now, short=True)
    return [*lines, *whole]


def tree_lines(
    deployment: Deployment,
    sets: Sequence[ReplicaSet],
    pods: Sequence[Pod],
    patterns: LinkPatterns,
    now: float,
    *,
    kept: int = _KEPT,
    short: bool = False,
) -> list[Line]:
    """ReplicaSets with pods, and the newest `kept` of those without any, each with its pods below it. `short`: pods by the end of their
    names, which is what tells them apart."""
    own = sorted((found for found in sets if found.owner_uid == deployment.uid), key=lambda found: found.revision, reverse=True)
    below = {found.uid: [pod for pod in pods if pod.owner_uid == found.uid] for found in own}
    empty = [found for found in own if not below[found.uid] and not found.desired]
    shown = [found for found in own if found not in empty[kept:]]
    lines: list[Line] = []
    for index, found in enumerate(shown):
        last = index == len(shown) - 1 and len(empty) <= kept
        lines.append(_set_line(found, "└─" if last else "├─", bool(below[found.uid]), link_in(found.template, deployment, patterns), now))
        stem = "   " if last else "│  "
        young = sorted(below[found.uid], key=lambda pod: (pod.created_at or 0.0, pod.name))
        wide = max((len(pod.reason) for pod in young), default=0)
        for place, pod in enumerate(young):
            name = f"…{pod.name[-5:]}" if short else pod.name
            lines.append(_pod_line(pod, name, f" {stem}{'└─' if place == len(young) - 1 else '├─'}", wide, now))
    if len(empty) > kept:
        count = len(empty) - kept
        lines.append((Cell(" └─ ", "muted"), Cell(f"{count} older revision{'s' if count > 1 else ''} without pods", "muted")))
    return lines


def _set_line(found: ReplicaSet, branch: str, serves: bool, link: ServingLink | None, now: float) -> Line:
    said = (link.version or link.alias) if link else None
    old = numbers.age(None if found.created_at is None else now - found.created_at)
    busy: Role = "" if serves else "muted"
    return (
        Cell(f" {branch} ", "muted"),
        Cell(f"r{found.revision:<3} ", busy),
        Cell(f"{deployments.version(said):<4} ", "version" if serves else "muted"),
        Cell(f"{found.ready}/{found.desired} ready", busy if found.ready >= found.desired else "warn"),
        Cell(f"  {old}  {found.name}", "muted"),
        Cell(f"  {found.change_cause}" if found.change_cause else "", "muted"),
    )


def _pod_line(pod: Pod, name: str, branch: str, wide: int, now: float) -> Line:
    good = pod.ready and not pod.terminating
    role: Role = "ok" if good else "muted" if pod.terminating else "warn"
    restarts, said = pod.restarts, rollout.pod_words(pod)
    old = numbers.age(None if pod.created_at is None else now - pod.created_at)
    return (
        Cell(f"{branch} ", "muted"),
        Cell("● " if good else "○ ", role),
        Cell(f"{name}  "),
        Cell(f"{pod.reason:<{wide}}", role),
        Cell(f"  {restarts} restart{'s' if restarts > 1 else ''}" if restarts else "", "warn"),
        Cell(f"  {old}", "muted"),
        Cell(f"  {said}" if said else "", "muted"),
    )
