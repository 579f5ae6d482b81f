"""Pictures of all widgets together. `pytest --snapshot-update` takes them anew; look at them before committing."""

from __future__ import annotations

from typing import Any

import pytest

from modeldeck.widgets.content.state import Loading, Stale, Unavailable
from tests.snapshots.gallery import Gallery

TROUBLE = (
    Stale(130, "connection refused", "is MLflow running?"),
    Unavailable("cannot list deployments in “serving”: 403 forbidden", "ask for the role “view”, or choose another namespace with n"),
    Loading(),
)


@pytest.mark.parametrize("theme", ["dark", "light", "high-contrast", "terminal"])
def test_live_panes(snap_compare: Any, theme: str) -> None:
    assert snap_compare(Gallery(theme), terminal_size=(120, 40), press=["j", "space", "j"])


def test_panes_in_trouble(snap_compare: Any) -> None:
    assert snap_compare(Gallery("dark", TROUBLE), terminal_size=(120, 40), press=["j"])


def test_a_small_screen_with_a_filter(snap_compare: Any) -> None:
    assert snap_compare(Gallery("dark"), terminal_size=(80, 24), press=["slash", *"owl"])


def test_without_utf8(snap_compare: Any) -> None:
    assert snap_compare(Gallery("terminal", ascii_only=True), terminal_size=(80, 24), press=["j"])
