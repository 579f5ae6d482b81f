"""Tracking URIs that mlflow's own client cannot open: failures in words, nothing made, nothing written on the terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.domain.environments import MlflowTarget
from tui.domain.failures import Failure, Rejected, Unreachable
from tui.sources.mlflow_open import open_mlflow


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
    assert (type(failure), failure.words) == (Unreachable, f"no such file: {tmp_path}/typo.db")
    assert list_of(tmp_path) == []


async def test_a_file_that_is_no_database(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "no.db").write_text("this is no database, but it is long enough to be looked at " * 40)
    assert isinstance(await failure_of(f"sqlite:///{tmp_path}/no.db"), Failure)
    assert capfd.readouterr().err == ""


async def test_an_unknown_scheme() -> None:
    assert isinstance(await failure_of("carrier-pigeon://coop"), Rejected)
