"""Whether mlflow's own client may open a store: reading must change nothing.

The client creates, fills and migrates whatever it opens that is not a store of exactly its own schema (mlflow/store/db/utils.py,
`_initialize_tables`), and an older MLflow cannot open a migrated database any more. So the store is looked at first, read-only, and
refused where opening it would write.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from modeldeck.domain.failures import Failure, Rejected, Unreachable
from modeldeck.sources.mlflow.rules import BACKEND

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.engine import URL

DATABASES = ("sqlite", "postgresql", "mysql", "mssql")
"""What mlflow keeps in SQLAlchemy, by how the scheme begins: a driver may follow."""

_OWN_TABLES = ("experiments", "runs")
_FOLDERS = (".trash", "models")
"""What a file store holds and the client makes where it is missing."""
_NAMED = 3
_SERVE = "ask its own MLflow server (`mlflow server`) over http instead"


def is_database(uri: str) -> bool:
    return urlsplit(uri).scheme.lower().startswith(DATABASES)


def refuse_to_change(uri: str) -> None:
    """Raises a Failure where mlflow's client would change what `uri` names by opening it. Imports mlflow: only in its own thread."""
    if is_database(uri):
        _refuse_database(uri)
    elif urlsplit(uri).scheme in ("", "file"):
        _refuse_folder(uri)


def refuse_absent(uri: str) -> None:
    """Raises Unreachable where a file or folder is not there (any more): costs one look, so that it can be asked before each question."""
    path = sqlite_file(uri) if is_database(uri) else _folder(uri) if urlsplit(uri).scheme in ("", "file") else None
    if path is not None and not path.exists():
        hint = "mlflow would make an empty one: check the path"
        if "/" not in uri:  # databricks, or an address without its scheme
            hint = f"{uri} is read as a folder here: a server is named by its address (https://…)"
        raise Unreachable(f"no such file: {path}", hint=hint, backend=BACKEND)


def sqlite_file(uri: str) -> Path | None:
    """The file of a sqlite URI as SQLAlchemy reads it, percent-decoded only in SQLite's own `file:` URIs. None in memory."""
    if not urlsplit(uri).scheme.lower().startswith("sqlite"):
        return None
    database, _, query = uri.partition("://")[2].partition("/")[2].partition("?")
    options = parse_qs(query)
    if database.startswith("file:") and options.get("uri") == ["true"]:
        if options.get("mode") == ["memory"]:
            return None
        database = unquote(database.removeprefix("file:"))
        if database.startswith("//"):  # file://localhost/path
            database = "/" + database[2:].partition("/")[2]
    return None if database in ("", ":memory:") else Path(database)


def _folder(uri: str) -> Path:
    return Path(unquote(urlsplit(uri).path) if uri.startswith("file:") else uri)


def _refuse_folder(uri: str) -> None:
    root = _folder(uri)
    missing = [name for name in _FOLDERS if not (root / name).is_dir()]
    if missing:
        raise Rejected(
            f"{root} is no complete MLflow file store: it has no folder {' and no folder '.join(missing)}",
            hint=f"mlflow's client would make what is missing: check the path, or {_SERVE}",
            backend=BACKEND,
        )


def _refuse_database(uri: str) -> None:
    file = sqlite_file(uri)
    if file is not None and not file.is_file():
        raise Rejected(f"{file} is no file", hint="check the path", backend=BACKEND)
    from sqlalchemy import NullPool, create_engine, make_url

    url = make_url(uri)
    if url.get_backend_name() == "sqlite" and file is None:
        return  # in memory: nobody else's
    engine = create_engine(url, poolclass=NullPool, **({"creator": lambda: _read_only(file)} if file else {}))
    _refuse_schema(engine, url)


def _read_only(file: Path) -> sqlite3.Connection:
    """A database in WAL mode without its -wal file holds everything itself; without `immutable` that file would be made, and left."""
    alone = not Path(f"{file}-wal").exists()
    return sqlite3.connect(f"file:{quote(str(file.resolve()))}?mode=ro{'&immutable=1' if alone else ''}", uri=True)


def _refuse_schema(engine: Engine, url: URL) -> None:
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory
    from mlflow.store.db.utils import _all_tables_exist, _get_alembic_config
    from sqlalchemy import inspect

    where = url.database or ""
    with engine.connect() as connection:
        tables = set(inspect(connection).get_table_names())
        found = MigrationContext.configure(connection).get_current_heads()
    scripts = ScriptDirectory.from_config(_get_alembic_config(""))
    own = scripts.get_heads()
    if not set(_OWN_TABLES) <= tables:
        raise _foreign(where, tables)
    if set(found) != set(own):
        raise _other_schema(where, found, own, {script.revision for script in scripts.walk_revisions()})
    if not _all_tables_exist(engine):
        raise Rejected(
            f"{where} lacks tables of its own schema {own[0]}",
            hint=f"mlflow's client would run all migrations on it: restore it from a backup, or {_SERVE}",
            backend=BACKEND,
        )


def _foreign(where: str, tables: set[str]) -> Failure:
    if not {table for table in tables if not table.startswith("alembic_")}:
        return Rejected(
            f"{where} is an empty database, no MLflow store",
            hint="mlflow's client would make its tables in it: check the address, or let `mlflow server` make the store",
            backend=BACKEND,
        )
    some = sorted(tables)[:_NAMED]
    more = f" and {len(tables) - _NAMED} more" if len(tables) > _NAMED else ""
    return Rejected(
        f"{where} is no MLflow store: it holds the tables {', '.join(some)}{more}",
        hint="mlflow's client would add its own tables: check the address",
        backend=BACKEND,
    )


def _other_schema(where: str, found: tuple[str, ...], own: list[str], known: set[str]) -> Failure:
    import mlflow

    theirs, ours = ", ".join(found) or "none told", f"{', '.join(own)} (mlflow {mlflow.__version__})"
    if found and not set(found) <= known:
        return Rejected(
            f"{where} has schema {theirs}, which this client does not know: its own is {ours}",
            hint=f"install the mlflow that made it (pip install -U mlflow), or {_SERVE}",
            backend=BACKEND,
        )
    return Rejected(
        f"{where} has the older schema {theirs}: this client's own is {ours}",
        hint=f"{_SERVE}; or make a backup and migrate it, after which older servers cannot open it: mlflow db upgrade URI",
        backend=BACKEND,
    )


@contextlib.contextmanager
def without_default_experiment() -> Iterator[None]:
    """While a database is opened: the client would make the experiment `Default` anew where somebody has removed it."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
    from mlflow.store.tracking.sqlalchemy_workspace_store import WorkspaceAwareSqlAlchemyStore

    def nothing(store: Any, session: Any, workspace_override: str | None = None) -> None:
        return None

    kinds: tuple[Any, ...] = (SqlAlchemyStore, WorkspaceAwareSqlAlchemyStore)
    before = [kind._create_default_experiment for kind in kinds]
    for kind in kinds:
        kind._create_default_experiment = nothing
    try:
        yield
    finally:
        for kind, method in zip(kinds, before, strict=True):
            kind._create_default_experiment = method
