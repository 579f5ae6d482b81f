"""Reading changes nothing: whatever a tracking URI of mlflow's own client names, bytes, tables and files are afterwards what they were."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from modeldeck.domain.environments import MlflowTarget
from modeldeck.domain.failures import Failure, Rejected, Unreachable
from modeldeck.sources.mlflow.opening import open_mlflow
from modeldeck.sources.mlflow.stores import refuse_absent, sqlite_file
from tests.support.mlflow_world import World

OLD = "acf3f17fdcc7"
"""The schema of MLflow 2.9.2."""
Make = Callable[[Path, Path], None]
"""Takes a store of this client's own schema, and where to make another one."""


def change(*statements: str) -> Make:
    def make(own: Path, path: Path) -> None:
        shutil.copy(own, path)
        with closing(sqlite3.connect(path)) as database:
            for statement in statements:
                database.execute(statement)
            database.commit()

    return make


def fill(*statements: str) -> Make:
    def make(own: Path, path: Path) -> None:
        with closing(sqlite3.connect(path)) as database:
            for statement in statements:
                database.execute(statement)
            database.commit()

    return make


def no_database(own: Path, path: Path) -> None:
    path.write_text("no database, but long enough to be looked at " * 40)


def old(own: Path, path: Path) -> None:
    from mlflow.store.tracking.dbmodels.initial_models import Base
    from sqlalchemy import create_engine

    engine = create_engine(f"sqlite:///{path}")
    Base.metadata.create_all(engine)
    engine.dispose()
    fill("CREATE TABLE alembic_version (version_num TEXT)", f"INSERT INTO alembic_version VALUES ('{OLD}')")(own, path)


REFUSED: dict[str, tuple[Make, str]] = {
    "empty file": (lambda own, path: path.touch(), "empty database"),
    "empty database": (fill("CREATE TABLE t (x)", "DROP TABLE t"), "empty database"),
    "only alembic's table": (fill("CREATE TABLE alembic_version (version_num TEXT)"), "empty database"),
    "older": (old, f"older schema {OLD}: this client's own is "),
    "older, with all tables": (change(f"UPDATE alembic_version SET version_num = '{OLD}'"), f"older schema {OLD}: this client's own is "),
    "before alembic": (change("DELETE FROM alembic_version"), "older schema none told"),
    "newer": (change("UPDATE alembic_version SET version_num = 'feedbeef0001'"), "schema feedbeef0001, which this client does not know"),
    "two schemas": (change("INSERT INTO alembic_version VALUES ('feedbeef0001')"), "feedbeef0001"),
    "foreign": (fill(*(f"CREATE TABLE t{n} (x)" for n in range(5))), "no MLflow store: it holds the tables t0, t1, t2 and 2 more"),
    "foreign with alembic": (
        fill("CREATE TABLE dag (x)", "CREATE TABLE alembic_version (version_num TEXT)", "INSERT INTO alembic_version VALUES ('e3a4')"),
        "no MLflow store",
    ),
    "foreign, in WAL mode": (fill("PRAGMA journal_mode = WAL", "CREATE TABLE t (x)"), "no MLflow store"),
    "a table is missing": (change("DROP TABLE registered_model_aliases"), "lacks tables"),
    "no database": (no_database, "not a database"),
    "a folder": (lambda own, path: path.mkdir(), "is no file"),
}


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b"" for path in folder.rglob("*")}


async def ask_everything(uri: str) -> list[Failure]:
    mlflow = open_mlflow(MlflowTarget(uri))
    questions = (mlflow.tracking.ping(), mlflow.tracking.experiments(), mlflow.registry.registry(), mlflow.registry.model("iris"))
    answers = await asyncio.gather(*questions, return_exceptions=True)
    await mlflow.aclose()
    assert all(isinstance(answer, Failure) for answer in answers if isinstance(answer, BaseException))
    return [answer for answer in answers if isinstance(answer, Failure)]


@pytest.mark.parametrize("name", REFUSED)
async def test_what_opening_would_change_is_refused_and_left_as_it_was(name: str, database_world: World, tmp_path: Path) -> None:
    make, message = REFUSED[name]
    make(database_world.database, tmp_path / "store.db")
    before = bytes_of(tmp_path)
    failures = await ask_everything(f"sqlite:///{tmp_path}/store.db")
    assert len(failures) == 4
    assert all(message in failure.message for failure in failures)
    assert bytes_of(tmp_path) == before


@pytest.mark.parametrize(
    "make",
    [change(), change("PRAGMA foreign_keys = OFF", "DELETE FROM experiments WHERE experiment_id = 0")],
    ids=["as it is", "its default experiment is gone"],
)
async def test_its_own_store_is_read_and_left_as_it_was(make: Make, database_world: World, tmp_path: Path) -> None:
    make(database_world.database, tmp_path / "store.db")
    before = bytes_of(tmp_path)
    mlflow = open_mlflow(MlflowTarget(f"sqlite:///{tmp_path}/store.db"))
    assert "contract" in {experiment.name for experiment in await mlflow.tracking.experiments()}
    await mlflow.registry.registry()
    await mlflow.aclose()
    assert bytes_of(tmp_path) == before


async def test_a_store_that_goes_away_meanwhile_is_not_made_anew(database_world: World, tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    shutil.copy(database_world.database, path)
    mlflow = open_mlflow(MlflowTarget(f"sqlite:///{path}"))
    await mlflow.tracking.ping()
    path.unlink()
    with pytest.raises(Unreachable, match="no such file"):
        await mlflow.registry.registry()
    await mlflow.aclose()
    assert bytes_of(tmp_path) == {}


@pytest.mark.parametrize(("uri", "hint"), [("databricks", "read as a folder here"), ("./mlruns", "check the path")])
def test_a_word_that_is_no_address_is_told_to_be_a_folder(uri: str, hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Unreachable, match="no such file") as found:
        refuse_absent(uri)
    assert hint in found.value.hint


@pytest.mark.parametrize("form", ["{}", "file://{}", "sqlite:///{}/typo.db"])
async def test_an_absent_store_is_told_and_not_made(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    failures = await ask_everything(form.format(tmp_path / "deep" / "mlruns"))
    assert {type(failure) for failure in failures} == {Unreachable}
    assert bytes_of(tmp_path) == {}


@pytest.mark.parametrize("folders", [(), (".trash",), ("models",)])
async def test_an_incomplete_file_store_is_not_completed(folders: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    for name in folders:
        (tmp_path / name).mkdir()
    before = bytes_of(tmp_path)
    failures = await ask_everything(str(tmp_path))
    assert {type(failure) for failure in failures} == {Rejected}
    assert bytes_of(tmp_path) == before


async def test_a_whole_file_store_is_read_and_left_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=str(tmp_path), registry_uri=str(tmp_path))
    client.create_experiment("kept")
    client.create_registered_model("iris")
    before = bytes_of(tmp_path)
    mlflow = open_mlflow(MlflowTarget(f"file://{tmp_path}"))
    assert "kept" in {experiment.name for experiment in await mlflow.tracking.experiments()}
    assert [model.name for model in (await mlflow.registry.registry()).models] == ["iris"]
    await mlflow.aclose()
    assert bytes_of(tmp_path) == before


async def test_another_registry_of_the_process_is_never_opened(
    database_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old(database_world.database, tmp_path / "other.db")
    before = bytes_of(tmp_path)
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", f"sqlite:///{tmp_path}/other.db")
    await ask_everything(database_world.uri)
    assert bytes_of(tmp_path) == before


@pytest.mark.parametrize(
    ("uri", "file"),
    [
        ("sqlite:///mlflow.db", "mlflow.db"),
        ("sqlite:////var/a%20b.db", "/var/a%20b.db"),
        ("sqlite+pysqlite:////var/a.db?timeout=9", "/var/a.db"),
        ("sqlite:///file:/var/a%20b.db?mode=rw&uri=true", "/var/a b.db"),
        ("sqlite:///file://localhost/var/a.db?uri=true", "/var/a.db"),
        ("sqlite:///file:x?mode=memory&uri=true", None),
        ("sqlite://", None),
        ("sqlite:///:memory:", None),
        ("postgresql://db/mlflow", None),
    ],
)
def test_the_file_of_a_uri_is_the_one_that_sqlalchemy_opens(uri: str, file: str | None) -> None:
    assert sqlite_file(uri) == (Path(file) if file else None)
