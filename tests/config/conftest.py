from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from modeldeck.config import ConfigErrors, Flags, Problem, ResolvedConfig, resolve


@dataclasses.dataclass(frozen=True)
class Machine:
    """A home folder of its own: resolving in it sees nothing of the machine that the tests run on."""

    home: Path

    @property
    def config(self) -> Path:
        return self.home / "config.toml"

    def write(self, text: str) -> None:
        self.config.write_text(text)
        self.config.chmod(0o600)

    def resolve(self, flags: Flags | None = None, variables: Mapping[str, str] | None = None) -> ResolvedConfig | ConfigErrors:
        return resolve(flags or Flags(), self.environ(variables), home=self.home)

    def environ(self, variables: Mapping[str, str] | None = None) -> dict[str, str]:
        file = {"MODELDECK_CONFIG": str(self.config)} if self.config.exists() else {"MODELDECK_CONFIG": ""}
        return {"XDG_CONFIG_HOME": str(self.home), "MODELDECK_SANDBOX_STATE": str(self.home / "sandbox"), **file, **(variables or {})}

    def good(self, flags: Flags | None = None, variables: Mapping[str, str] | None = None) -> ResolvedConfig:
        resolved = self.resolve(flags, variables)
        assert isinstance(resolved, ResolvedConfig), [str(problem) for problem in resolved.problems]
        return resolved

    def bad(self, flags: Flags | None = None, variables: Mapping[str, str] | None = None) -> tuple[Problem, ...]:
        resolved = self.resolve(flags, variables)
        assert isinstance(resolved, ConfigErrors)
        return resolved.problems


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    return Machine(tmp_path)


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Callable[[str], str]:
    def make(name: str) -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
        return str(path)

    return make
