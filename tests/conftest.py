"""Tests see nothing of the machine they run on: not its backends, not its user's files, not its time zone, not its locale, not its
speed."""

from __future__ import annotations

import hashlib
import locale
import os
import time
from pathlib import Path

import pytest
from hypothesis import settings

from modeldeck.config.keys import CONTROL_VARIABLES, KEYS

for _name in ("NO_COLOR", "KUBERNETES_SERVICE_HOST", *CONTROL_VARIABLES, *(key.variable for key in KEYS if key.variable)):
    os.environ.pop(_name, None)
os.environ["TZ"] = "UTC"
time.tzset()


def _speak_utf8() -> None:
    """In whatever locale the tests were started: the console draws for another one in ASCII."""
    for name in ("C.UTF-8", "en_US.UTF-8", "UTF-8"):
        try:
            locale.setlocale(locale.LC_CTYPE, name)
        except locale.Error:
            continue
        os.environ["LC_ALL"] = name
        return


_speak_utf8()

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


ALWAYS = ("architecture", "cli", "terminal")
"""Folders that every sample holds: what differs between Pythons shows there first."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--share", type=float, default=1.0, help="run only so much of the test files, drawn by --seed")
    parser.addoption("--seed", type=int, default=0, help="draws the sample")
    parser.addoption("--seconds", type=float, default=0.0, help="begin no test after so long")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Whole files, as what they share takes longer than the tests."""
    share, seed = config.getoption("--share"), config.getoption("--seed")
    if share < 1:
        left_out = [item for item in items if not in_sample(item.path.relative_to(config.rootpath), share, seed)]
        items[:] = [item for item in items if item not in set(left_out)]
        config.hook.pytest_deselected(items=left_out)


BEGAN = time.monotonic()


def pytest_runtest_setup(item: pytest.Item) -> None:
    seconds = item.config.getoption("--seconds")
    if seconds and time.monotonic() - BEGAN > seconds:
        pytest.skip(f"left out: the {seconds:g} seconds for a quick look were up")


def in_sample(path: Path, share: float, seed: int) -> bool:
    drawn = hashlib.sha256(f"{seed} {path.as_posix()}".encode()).digest()[0]
    return path.parts[1] in ALWAYS or len(path.parts) == 2 or drawn < 256 * share
