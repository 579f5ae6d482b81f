"""What the pods of a deployment tell of themselves: how their containers ended, which came unasked, and whose image is another one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from modeldeck.domain.changes.change_event import ChangeEvent, ChangeKind
from modeldeck.domain.changes.versions import ROLLING, SAME
from modeldeck.domain.kubernetes.workloads import ContainerState, Pod

_STATUS = "pod status"


def crashes(pods: Iterable[Pod]) -> Iterator[ChangeEvent]:
    """The last end of each container that was started again: of earlier ones Kubernetes only keeps the count."""
    for pod in pods:
        for container in pod.containers:
            at = container.last_ended_at or container.started_at
            if container.restarts and at is not None:
                yield _crash(pod, container, at)


def _crash(pod: Pod, container: ContainerState, at: float) -> ChangeEvent:
    code = container.last_exit_code
    failed = code != 0 or container.last_reason == "OOMKilled"
    how = container.last_reason or "ended"
    told = [how, *((f"exit code {code}",) if code is not None else ()), f"container {container.name}"]
    if container.restarts > 1:
        told.append(f"restarted {container.restarts} times, of which only the last is told")
    details = (f"on node {pod.node}" if pod.node else "", container.last_message.strip())
    return ChangeEvent(
        ChangeKind.CRASH if failed else ChangeKind.RESTART,
        at,
        f"pod {pod.name}",
        ", ".join(told),
        _STATUS,
        details=tuple(text for text in details if text),
    )


def replacements(pods: Iterable[Pod], explained: Sequence[ChangeEvent]) -> Iterator[ChangeEvent]:
    """Pods that came although nothing that is `explained` made them: in place of others that were evicted, deleted or drained."""
    for pod in pods:
        at = pod.created_at
        if at is None or any(one.at - SAME <= at <= one.end + ROLLING for one in explained):
            continue
        where = f" on node {pod.node}" if pod.node else ""
        yield ChangeEvent(ChangeKind.POD, at, f"pod {pod.name}", f"came up{where}, in place of another one", "pod metadata")


def other_images(pods: Iterable[Pod]) -> Iterator[ChangeEvent]:
    """Pods of one template whose image is another one than that of most: its tag was moved between their starts."""
    by_name: dict[tuple[str, str, str], list[tuple[Pod, str]]] = defaultdict(list)
    for pod in pods:
        images = {one.name: one.image for one in pod.template.containers}
        for container in pod.containers:
            if container.image_id and container.name in images:
                by_name[pod.owner_uid or "", container.name, images[container.name]].append((pod, container.image_id))
    for (_, name, image), found in by_name.items():
        counts = Counter(identity for _, identity in found)
        (usual, most), *others = counts.most_common()
        if not others or others[0][1] == most:
            continue  # of two halves neither is the odd one
        for pod, identity in found:
            if identity != usual and pod.created_at is not None:
                what = f"runs another {image} than its {most} siblings"
                details = (f"container {name}: {identity}", f"its siblings: {usual}")
                yield ChangeEvent(ChangeKind.OUTLIER, pod.created_at, f"pod {pod.name}", what, _STATUS, details=details)
