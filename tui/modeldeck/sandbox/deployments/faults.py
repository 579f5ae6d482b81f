"""The switches of `modeldeck sandbox inject`: what is wrong, on purpose, with a deployment's answers."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from modeldeck.sandbox.common.files import read_json, write_json
from modeldeck.sandbox.common.state_dir import StateDir


@dataclass(frozen=True, slots=True)
class Fault:
    """What the pods of a deployment do: seconds of added latency, share of errors (0–1), shift of the inputs in standard deviations.

    `version` limits it to the pods that serve this version; None is all of them.
    """

    latency: float = 0.0
    errors: float = 0.0
    drift: float = 0.0
    version: str | None = None

    def message(self) -> str:
        parts = [
            f"latency +{self.latency:g} s" if self.latency else "",
            f"errors {self.errors:.0%}" if self.errors else "",
            f"drift {self.drift:g} σ" if self.drift else "",
        ]
        return (", ".join(part for part in parts if part) or "nothing") + (f" on v{self.version}" if self.version else "")


def inject(state_dir: StateDir, deployment: str, fault: Fault) -> None:
    """Switch the fault on; the model servers read the file within a second."""
    write_json(state_dir.faults, {**(read_json(state_dir.faults) or {}), deployment: asdict(fault)}, mode=0o644)


def clear(state_dir: StateDir, deployment: str | None = None) -> None:
    """Switch one deployment's faults off, or all."""
    kept = read_json(state_dir.faults) or {}
    remaining = {name: fault for name, fault in kept.items() if deployment is not None and name != deployment}
    write_json(state_dir.faults, remaining, mode=0o644)
