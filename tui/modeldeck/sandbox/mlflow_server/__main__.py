"""`python -m modeldeck.sandbox.mlflow_server --state DIR --fd N`: MLflow's server on SQLite, filled with trained models where it is empty.

`mlflow server` itself would import MLflow twice (once to read its arguments, once in the worker): 4 s and 200 MB more. So this does what
that command does — create the tables, set the server's variables, run the same ASGI application with uvicorn — in one process, and
the training forks from it, so that MLflow is imported once for both.

On standard output: `ready http://127.0.0.1:PORT` once it answers, the training's events as lines of progress, and `trained MODEL` for each
model that can be deployed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import threading
import time
import traceback
from pathlib import Path

from modeldeck.sandbox.common.files import read_json, write_json
from modeldeck.sandbox.common.progress import PartProgress
from modeldeck.sandbox.common.state_dir import StateDir

TRAINED = "models trained"


def say(state: str, since: float, message: str) -> None:
    event = PartProgress(TRAINED, state, round(time.monotonic() - since, 2), message)  # type: ignore[arg-type]
    print(event.line(), flush=True)


def train(state_dir: StateDir) -> None:
    """The child's whole life: train, mark the state as complete, end."""
    since = time.monotonic()
    code = 1
    try:
        from modeldeck.sandbox.mlflow_server.seed import seed

        # Another spelling of the same file, with a longer wait for the server's own writes: a connection pool of the child's own,
        # since SQLite connections must not be carried across a fork.
        summary = seed(
            state_dir,
            f"sqlite:///{state_dir.mlflow}/mlflow.db?timeout=60",
            lambda message: say("starting", since, message),
            lambda model: print(f"trained {model}", flush=True),
        )
        write_json(state_dir.mlflow / "seeded.json", summary)
        say("ready", since, str(summary["message"]))
        code = 0
    finally:
        if code:
            say("failed", since, traceback.format_exc(limit=1).strip().splitlines()[-1])
            traceback.print_exc()
        # Not exit(): handlers that MLflow and uvicorn registered belong to the parent.
        os._exit(code)


def prepare(state_dir: StateDir) -> bool:
    """Set the server's variables and create the tables; True when there are no models yet."""
    import mlflow.server.handlers as handlers
    from mlflow.server import constants

    trained = read_json(state_dir.mlflow / "seeded.json") is not None
    if not trained:
        # Nothing, or what a killed training left behind: half of it would be neither usable nor recognisable.
        shutil.rmtree(state_dir.mlflow, ignore_errors=True)
        state_dir.mlflow.mkdir(mode=0o700)
    artifacts = state_dir.mlflow / "artifacts"
    artifacts.mkdir(exist_ok=True)
    uri = f"sqlite:///{state_dir.mlflow}/mlflow.db"
    os.environ.update(
        {
            constants.BACKEND_STORE_URI_ENV_VAR: uri,
            constants.REGISTRY_STORE_URI_ENV_VAR: uri,
            constants.ARTIFACT_ROOT_ENV_VAR: "mlflow-artifacts:/",
            constants.ARTIFACTS_DESTINATION_ENV_VAR: str(artifacts),
            constants.SERVE_ARTIFACTS_ENV_VAR: "true",
        }
    )
    handlers.initialize_backend_stores(uri, uri, "mlflow-artifacts:/")
    return not trained


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m modeldeck.sandbox.mlflow_server")
    parser.add_argument("--state", type=Path, required=True, help="the sandbox's folder")
    parser.add_argument("--fd", type=int, required=True, help="a bound socket to listen on")
    arguments = parser.parse_args()
    state_dir = StateDir(arguments.state.resolve())
    listener = socket.socket(fileno=arguments.fd)

    from modeldeck.sandbox.processes.ready_server import serve

    if prepare(state_dir):
        import mlflow.sklearn  # noqa: F401  before the fork: what the parent has imported costs the child nothing

        child = os.fork()
        if child == 0:
            listener.close()
            train(state_dir)
        threading.Thread(target=os.waitpid, args=(child, 0), daemon=True).start()
    from mlflow.server.fastapi_app import app

    serve(app, listener)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
