"""Tests see nothing of the machine they run on: not its backends, not its user's files, not its time zone, not its speed."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import settings

from tui.environment.keys import CONTROL_VARIABLES, KEYS

for _name in ("NO_COLOR", "KUBERNETES_SERVICE_HOST", *CONTROL_VARIABLES, *(key.variable for key in KEYS if key.variable)):
    os.environ.pop(_name, None)
os.environ["TZ"] = "UTC"
time.tzset()

# A slow machine is no reason to fail; CI repeats what it found.
settings.register_profile("modeldeck", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("modeldeck")


@pytest.fixture(autouse=True)
def _a_user_without_files(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Nothing is read from or left in the user's folders. The conformance suite keeps its built binaries in the user's cache."""
    if "conformance" in Path(request.node.path).parts:
        return
    home = tmp_path_factory.getbasetemp()
    for kind in ("STATE", "CONFIG", "CACHE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(home / kind.lower()))
