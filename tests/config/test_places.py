"""Where this user's files are."""

from __future__ import annotations

from pathlib import Path

import pytest

from modeldeck.config.places import config_path, sandbox_folder
from modeldeck.config.values import Flags


def test_a_flag_names_the_file_then_the_variable_then_the_platform(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", "/home/me")
    variables = {"MODELDECK_CONFIG": "/variable.toml"}
    assert config_path(Flags(config="~/flag.toml"), variables) == Path("/home/me/flag.toml")
    assert config_path(Flags(), variables) == Path("/variable.toml")
    for nothing in ({}, {"MODELDECK_CONFIG": ""}):
        assert config_path(Flags(), nothing).name == "config.toml"
        assert "modeldeck" in config_path(Flags(), nothing).parts


def test_the_sandbox_is_where_the_variable_says_else_in_the_platforms_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert sandbox_folder({"MODELDECK_SANDBOX_STATE": "~/state"}) == Path("/home/me/state")
    assert sandbox_folder({}).parts[-2:] == ("modeldeck", "sandbox")
