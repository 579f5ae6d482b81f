from __future__ import annotations

import time

import pytest


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> None:
    """Screens show local times: here they are UTC wherever the tests run."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
