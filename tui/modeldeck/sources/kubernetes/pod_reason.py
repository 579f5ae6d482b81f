"""What `kubectl get pods` shows under STATUS (kubernetes' printers.go, `printPod`), so that both windows say the same."""

from __future__ import annotations

from modeldeck.sources.kubernetes.wire import ContainerStateTerminated, ContainerStatus, PodWire, StateWire

_NO_STATE = StateWire()


def pod_reason(pod: PodWire) -> str:
    status = pod.status
    reason = status.reason or status.phase
    conditions = status.conditions or []
    if any(c.type == "PodScheduled" and c.reason == "SchedulingGated" for c in conditions):
        reason = "SchedulingGated"
    waiting_for = _initializing(pod)
    if waiting_for is not None:
        reason = waiting_for
    if waiting_for is None or any(c.type == "Initialized" and c.status == "True" for c in conditions):
        ready = any(c.type == "Ready" and c.status == "True" for c in conditions)
        reason = _of_containers(status.container_statuses or [], reason, ready)
    if pod.metadata.deletion_timestamp is None:
        return reason
    if status.reason == "NodeLost":
        return "Unknown"
    return reason if status.phase in ("Failed", "Succeeded") else "Terminating"


def _initializing(pod: PodWire) -> str | None:
    """The first init container that has not done its part, in words; None: all have."""
    statuses = pod.status.init_container_statuses
    if not statuses:
        return None
    specs = {spec.name: spec for spec in pod.spec.init_containers or ()}
    for index, container in enumerate(statuses):
        state = container.state or _NO_STATE
        ended, waiting = state.terminated, state.waiting
        spec = specs.get(container.name)
        if ended is not None and ended.exit_code == 0:
            continue
        if spec is not None and spec.restart_policy == "Always" and container.started:
            continue
        if ended is not None:
            return f"Init:{_ended(ended)}"
        if waiting is not None and waiting.reason and waiting.reason != "PodInitializing":
            return f"Init:{waiting.reason}"
        return f"Init:{index}/{len(specs)}"
    return None


def _of_containers(statuses: list[ContainerStatus], reason: str, pod_ready: bool) -> str:
    running, error = False, ""
    for container in reversed(statuses):
        state = container.state or _NO_STATE
        if state.waiting is not None and state.waiting.reason:
            reason = state.waiting.reason
        elif state.terminated is not None:
            reason = _ended(state.terminated)
            if state.terminated.exit_code != 0:
                error = reason
        elif container.ready and state.running is not None:
            running = True
    if reason != "Completed":
        return reason
    if running and pod_ready:
        return "Running"
    return error or ("NotReady" if running else reason)


def _ended(state: ContainerStateTerminated) -> str:
    return state.reason or (f"Signal:{state.signal}" if state.signal else f"ExitCode:{state.exit_code}")
