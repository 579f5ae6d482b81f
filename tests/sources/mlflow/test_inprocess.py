"""Tracking URIs that mlflow's own client cannot open: failures in words, nothing made, nothing written on the terminal."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from modeldeck.domain.environments import MlflowTarget
from modeldeck.domain.failures import Failure, Rejected, Unreachable
from modeldeck.sources.mlflow.inprocess import shown
from modeldeck.sources.mlflow.opening import open_mlflow


def list_of(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def failure_of(uri: str) -> Failure:
    mlflow = open_mlflow(MlflowTarget(uri))
    with pytest.raises(Failure) as caught:
        await mlflow.tracking.ping()
    await mlflow.aclose()
    return caught.value


async def test_a_mistyped_database_is_told_and_not_made(tmp_path: Path) -> None:
    failure = await failure_of(f"sqlite:///{tmp_path}/typo.db")
    assert (type(failure), failure.message) == (Unreachable, f"no such file: {tmp_path}/typo.db")
    assert list_of(tmp_path) == []


async def test_a_file_that_is_no_database(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "no.db").write_text("this is no database, but it is long enough to be looked at " * 40)
    assert isinstance(await failure_of(f"sqlite:///{tmp_path}/no.db"), Failure)
    assert capfd.readouterr().err == ""


async def test_an_unknown_scheme() -> None:
    assert isinstance(await failure_of("carrier-pigeon://coop"), Rejected)


@pytest.mark.parametrize("scheme", ["sqlite", "postgresql+psycopg2", "mysql+pymysql"])
async def test_a_database_with_the_base_install_says_what_to_install(scheme: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == "sqlalchemy" else found(name, *more))
    (tmp_path / "mlflow.db").touch()
    failure = await failure_of(f"{scheme}:///{tmp_path}/mlflow.db")
    assert isinstance(failure, Rejected)
    assert "only mlflow-skinny is installed" in failure.message
    assert failure.hint.startswith("pip install mlflow")


def test_databases_are_named_without_their_passwords() -> None:
    assert shown("postgresql://me:s3cret@db:5432/mlflow?x=y") == "postgresql://db:5432/mlflow"
    assert shown("sqlite:///a.db") == "sqlite:///a.db"
