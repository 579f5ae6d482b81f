"""A real MLflow server over trained versions of iris, for cases that operate on it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from modeldeck.sandbox.common.state_dir import bind
from modeldeck.sandbox.processes.parent_death import die_with_parent, prepare
from modeldeck.sandbox.processes.process import clean_environment, python
from tests.conformance import node as node_cases
from tests.conformance.node.conftest import Registry

_TRAIN = Path(next(iter(node_cases.__path__))) / "train.py"


@contextmanager
def registry_server(folder: Path) -> Iterator[tuple[Registry, str]]:
    """What was trained, and the server's address. Training is a process of its own; the sandbox's own part serves, as it finds the registry
    filled already."""
    (folder / "mlflow").mkdir(parents=True)
    done = subprocess.run([sys.executable, str(_TRAIN), str(folder / "mlflow")], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    (folder / "mlflow" / "seeded.json").write_text("{}")
    listener = bind(None)
    prepare()
    command = python("modeldeck.sandbox.mlflow_server", "--state", str(folder), "--fd", str(listener.fileno()))
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(
            command,
            env=clean_environment(),
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            pass_fds=(listener.fileno(),),
            preexec_fn=die_with_parent,
        )
    listener.close()
    try:
        assert server.stdout
        line = server.stdout.readline()
        assert line.startswith("ready "), (folder / "server.log").read_text()[-3000:]
        yield Registry(**json.loads(done.stdout.splitlines()[-1])), line.split()[1]
    finally:
        server.terminate()
        server.wait(20)
        assert server.stdout
        server.stdout.close()
