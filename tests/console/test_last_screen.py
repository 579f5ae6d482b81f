"""The picture of a deck, kept and found again only where it can be painted as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from modeldeck.console.last_screen import LastScreen, last_screen_of
from modeldeck.domain.environments import ClusterTarget, Environment
from modeldeck.screens.deck.deck import SavedScreen

SIZE = (6, 2)
LINES = ["  iris", "  wine"]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_what_was_kept_is_found_with_its_time() -> None:
    LastScreen("prod").save(SIZE, LINES, "0;2", 1000.0)
    assert LastScreen("prod").load(SIZE, 1060.0) == SavedScreen(tuple(LINES), 1000.0, 6, 2)


def test_nothing_is_found_of_another_size_or_of_another_environment() -> None:
    LastScreen("prod").save(SIZE, LINES, "0;2", 1000.0)
    assert LastScreen("prod").load((6, 3), 1060.0) is None
    assert LastScreen("test").load(SIZE, 1060.0) is None


def test_lines_with_wide_characters_are_not_painted_as_they_are() -> None:
    LastScreen("prod").save(SIZE, ["  日本", "  wine"], "0;2", 1000.0)
    assert LastScreen("prod").load(SIZE, 1060.0) is None


def test_a_kubeconfig_that_leads_elsewhere_by_now_is_another_environment(tmp_path: Path) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    environment = Environment("prod", None, ClusterTarget(kubeconfig=str(kubeconfig)), None)
    kubeconfig.write_text("server: https://one.example.com\n")
    opened = last_screen_of(environment)
    assert last_screen_of(environment) == opened
    kubeconfig.write_text("server: https://two.example.com\n")
    assert last_screen_of(environment) != opened


def test_where_nothing_can_be_kept_nothing_is_said(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("in the way")
    LastScreen("prod").save(SIZE, LINES, "0;2", 1000.0)
    assert LastScreen("prod").load(SIZE, 1060.0) is None
