"""`modeldeck config`: where, what, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Shell


def test_config(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "deck.toml"
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    config.write_text('[environments.prod]\nread_only = true\n[environments.prod.mlflow]\nuri = "http://user:hunter2@mlflow.example"\n')
    config.chmod(0o600)
    assert shell("config", "path", "--config", str(config)).out.strip() == str(config)
    shown = shell("config", "show", "--config", str(config), "-o", "json")
    assert shown.json["current"] == "prod"
    assert "hunter2" not in shown.out
    assert "hunter2" not in shell("config", "show", "--config", str(config)).out
    assert shell("config", "check", "--config", str(config)).out.strip() == "no problems"
    config.write_text("[environments.prod]\nread_onyl = true\n")
    checked = shell("config", "check", "--config", str(config), "-o", "json")
    assert checked.code == 2
    assert checked.json["problems"][0]["where"].endswith("deck.toml:2")
    said = shell("status", "--config", str(config), "-o", "json")
    assert said.code == 2
    assert said.json["error"]["code"] == "configuration"
    assert "deck.toml:2" in said.err
