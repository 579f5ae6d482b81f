"""mlflow's own client, opened only for tracking URIs that are not http(s), and only in its lane: importing it costs 2 s."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import os
import sys
import warnings
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from modeldeck.domain.failures import Failure, Forbidden, NotFound, Rejected
from modeldeck.sources.common.blocking_executor import BlockingExecutor
from modeldeck.sources.http import http_errors
from modeldeck.sources.http.credentials import inline_credentials
from modeldeck.sources.mlflow.rules import BACKEND, meant
from modeldeck.sources.mlflow.stores import is_database, refuse_absent, refuse_to_change, without_default_experiment

DEADLINE = 30.0
"""Seconds that a caller waits at most for one question, queueing and the first import included."""

T = TypeVar("T")


class InProcess:
    """One mlflow client and the lane that it lives in; the tracking and registry halves share it."""

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._executor = BlockingExecutor(BACKEND)
        self._client: Any = None

    def __repr__(self) -> str:
        return f"InProcess({shown(self._uri)!r})"

    async def ask(self, question: Callable[[Any], T]) -> T:
        """`question` is called with the MlflowClient, in the lane. Raises a Failure for all that mlflow and what is below it raise."""
        return await self._executor.run(lambda: self._answer(question), timeout=DEADLINE)

    async def aclose(self) -> None:
        """Never waits for a call that hangs."""
        self._executor.close()

    def _answer(self, question: Callable[[Any], T]) -> T:
        refuse_absent(self._uri)
        if self._client is None:
            self._client = self._open()
        try:
            return question(self._client)
        except _foreign_errors() as error:
            raise failure_of(error, shown(self._uri)) from None

    def _open(self) -> Any:
        if is_database(self._uri) and importlib.util.find_spec("sqlalchemy") is None:
            raise Rejected(
                "a database as tracking URI needs the whole of mlflow, and only mlflow-skinny is installed",
                hint="pip install mlflow (of the version that wrote the database), or give the address of its server",
                backend=BACKEND,
            )
        quieten()
        try:
            from mlflow import MlflowClient

            refuse_to_change(self._uri)
            # The registry's URI is given, too: MLFLOW_REGISTRY_URI may name a store that nobody has looked at.
            with without_default_experiment() if is_database(self._uri) else contextlib.nullcontext():
                return MlflowClient(tracking_uri=self._uri, registry_uri=self._uri)
        except ImportError as error:
            raise Rejected(
                f"this tracking URI needs a package that is not installed: {error.name}", hint=_package(error.name), backend=BACKEND
            ) from None
        except _foreign_errors() as error:
            raise failure_of(error, shown(self._uri)) from None


def _package(module: str | None) -> str:
    """Database drivers are left to the user; all else comes with the full mlflow package."""
    return f"pip install {_DRIVERS.get(module or '', 'mlflow')}"


_DRIVERS = {
    "psycopg": "'psycopg[binary]'",
    "psycopg2": "psycopg2-binary",
    "asyncpg": "asyncpg",
    "pg8000": "pg8000",
    "MySQLdb": "mysqlclient",
    "pymysql": "pymysql",
    "pyodbc": "pyodbc",
}


def shown(uri: str) -> str:
    """A tracking URI for people: without userinfo and query, which may hold a password."""
    return inline_credentials(uri)[0] if urlsplit(uri).netloc else uri.partition("?")[0]


def quieten() -> None:
    """Keeps mlflow from writing on the terminal, from retrying for four minutes, and from calling home. What a user has set stays."""
    for name, value in {
        "MLFLOW_CONFIGURE_LOGGING": "false",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
        "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }.items():
        os.environ.setdefault(name, value)
    for name in ("mlflow", "alembic", "sqlalchemy"):
        logging.getLogger(name).addHandler(logging.NullHandler())
    warnings.filterwarnings("ignore", module=r"mlflow(\.|$)")


def _foreign_errors() -> tuple[type[Exception], ...]:
    """What mlflow's client raises of its own and lets through from below. SQLAlchemy is asked about only where mlflow has loaded it."""
    kinds: list[type[Exception]] = [OSError]
    if "mlflow.exceptions" in sys.modules:
        kinds.append(sys.modules["mlflow.exceptions"].MlflowException)
    if "sqlalchemy.exc" in sys.modules:
        kinds.append(sys.modules["sqlalchemy.exc"].SQLAlchemyError)
    return tuple(kinds)


def failure_of(error: Exception, where: str) -> Failure:
    """By the HTTP status that mlflow itself gives its errors; what broke on the way there by its cause."""
    below = next((cause for cause in http_errors.causes(error) if isinstance(cause, OSError)), None)
    status = getattr(error, "get_http_status_code", lambda: None)()
    if below is not None and (status is None or status >= 500):
        return _os_failure(below, where)
    message = str(getattr(error, "message", "") or (str(error).splitlines() or [""])[0])
    return meant(
        http_errors.refusal(
            status or 500, message.encode(), {"content-type": "text/plain"}, backend=BACKEND, host=where, explain=lambda body: body.decode()
        )
    )


def _os_failure(error: OSError, where: str) -> Failure:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return NotFound(f"no such file: {error.filename or where}", backend=BACKEND)
    if isinstance(error, PermissionError):
        return Forbidden(f"permission denied: {error.filename or where}", backend=BACKEND)
    return http_errors.broken(error, backend=BACKEND, host=where)
