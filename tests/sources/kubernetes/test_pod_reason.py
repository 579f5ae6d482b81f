"""kubectl's STATUS column."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sources.kubernetes.test_convert import READY, RUNS, become, ended, pod, waits


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (pod(RUNS, conditions=READY), "Running"),
        (pod(phase="Pending"), "Pending"),
        (pod(phase="Failed", reason="Evicted"), "Evicted"),
        (pod(phase="Pending", conditions=[{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}]), "SchedulingGated"),
        (pod(waits("CrashLoopBackOff")), "CrashLoopBackOff"),
        (pod(waits("ImagePullBackOff"), phase="Pending"), "ImagePullBackOff"),
        (pod(ended(1, "Error")), "Error"),
        (pod(ended(3)), "ExitCode:3"),
        (pod(ended(0, signal=9)), "Signal:9"),
        (pod(ended(0, "Completed"), RUNS, conditions=READY), "Running"),
        (pod(ended(0, "Completed"), RUNS), "NotReady"),
        (pod(ended(0, "Completed"), ended(2, "Error")), "Error"),
        (pod(ended(0, "Completed"), phase="Succeeded"), "Completed"),
        (pod(RUNS, meta={"deletionTimestamp": "2026-01-01T00:00:00Z"}), "Terminating"),
        (pod(RUNS, meta={"deletionTimestamp": "2026-01-01T00:00:00Z"}, reason="NodeLost"), "Unknown"),
        (pod(ended(1, "Error"), phase="Failed", meta={"deletionTimestamp": "2026-01-01T00:00:00Z"}), "Error"),
        (pod(phase="Pending", spec={"initContainers": [{"name": "i"}, {"name": "j"}]}, initContainerStatuses=[{"name": "i"}]), "Init:0/2"),
        (pod(spec={"initContainers": [{"name": "i"}]}, initContainerStatuses=[waits("ErrImagePull", name="i")]), "Init:ErrImagePull"),
        (pod(spec={"initContainers": [{"name": "i"}]}, initContainerStatuses=[{**ended(7), "name": "i"}]), "Init:ExitCode:7"),
        (pod(RUNS, spec={"initContainers": [{"name": "i"}]}, initContainerStatuses=[{**ended(0), "name": "i"}]), "Running"),
        (
            pod(
                RUNS,
                spec={"initContainers": [{"name": "i", "restartPolicy": "Always"}]},
                initContainerStatuses=[{**RUNS, "name": "i", "started": True}],
            ),
            "Running",
        ),
    ],
)
def test_the_words_of_kubectl_get_pods(body: dict[str, Any], reason: str) -> None:
    assert become(body).reason == reason
