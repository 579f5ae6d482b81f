"""Paths as people write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from modeldeck.config.reading import at_home


def test_the_home_folder_is_filled_in_where_it_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert at_home("~/x") == Path("/home/me/x")
    assert at_home("x/~") == Path("x/~")
    assert at_home("~nobody-of-this-name/x") == Path("~nobody-of-this-name/x")
