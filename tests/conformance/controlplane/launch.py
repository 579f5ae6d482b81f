"""The real control plane for conformance cases: binaries from KUBEBUILDER_ASSETS, PATH, or what build.py has built."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from modeldeck.sandbox.control_plane import control_plane
from modeldeck.sandbox.control_plane.control_plane import ControlPlane
from tests.conformance.controlplane.build import cache


def binary(name: str) -> Path | None:
    """Where a binary is (the components, kubectl, prometheus); None where it is not."""
    kept = cache() / name
    found = shutil.which(name) if name in ("kubectl", "prometheus") else control_plane.find(name)
    if kept.exists():
        return kept
    return Path(found) if found else None


def missing() -> str | None:
    """What is missing for a real control plane and how to get it, in words; None when it can be started."""
    absent = [name for name in control_plane.COMPONENTS if binary(name) is None]
    if not absent:
        return None
    return (
        f"no real control plane: {', '.join(absent)} not on PATH, not in {control_plane.ASSETS}, not built; "
        "build with `python tests/conformance/controlplane/build.py`, which needs Go"
    )


def look_into_cache() -> None:
    """For a control plane in this very process: binaries that build.py has built are found first."""
    os.environ[control_plane.ASSETS] = os.pathsep.join([str(cache()), *filter(None, [os.environ.get(control_plane.ASSETS)])])


def start(run_dir: Path) -> ControlPlane:
    """A control plane with its state in `run_dir`, ready; `.kubeconfig("admin" | "view" | "op")`, `.stop()`.

    Raises controlplane.ControlPlaneError. Ends with this process, however it ends.
    """
    return control_plane.start(run_dir, assets=cache())
