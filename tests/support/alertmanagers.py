"""A real Alertmanager: where one is, and one that runs alone on loopback and sends nothing anywhere."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.conformance.alertmanager.build import ALERTMANAGER
from tests.conformance.clusters import skip
from tests.sources.conftest import wait_for
from tests.support.ports import free_port

NAMED = "MODELDECK_ALERTMANAGER_BIN"
CONFIGURATION = """\
route: {receiver: nobody, group_wait: 1s, group_interval: 1s}
receivers: [{name: nobody}]
"""


def find() -> Path | None:
    """The binary that MODELDECK_ALERTMANAGER_BIN names, else one on PATH (Debian calls it otherwise), else the one that was built."""
    named = os.environ.get(NAMED)
    if named:
        return Path(named) if os.access(named, os.X_OK) else None
    found = shutil.which("alertmanager") or shutil.which("prometheus-alertmanager")
    kept = ALERTMANAGER.cache / "alertmanager"
    return Path(found) if found else kept if kept.exists() else None


def needed() -> Path:
    """The same, or the test is skipped; with MODELDECK_CONFORMANCE_REQUIRED=1 it fails."""
    found = find()
    if found is None:
        skip(f"no alertmanager on PATH or in {NAMED}, and none built by `python -m tests.conformance.alertmanager.build`")
    return found


@contextlib.contextmanager
def running(folder: Path, *, port: int | None = None, binary: Path | None = None) -> Iterator[str]:
    """Its address. Everything that it keeps is in the folder, so that another one started there knows the same silences."""
    binary, port = binary or needed(), port or free_port()
    (folder / "alertmanager.yml").write_text(CONFIGURATION)
    command = [str(binary), f"--config.file={folder / 'alertmanager.yml'}", f"--storage.path={folder / 'data'}", "--log.level=warn"]
    command += [f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="]
    log = folder / "alertmanager.log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, start_new_session=True)
    try:
        wait_for(f"http://127.0.0.1:{port}/-/ready", process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()  # it writes down its silences as it ends
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(30)
