"""`python -m tests.support.thanos THANOS PROMETHEUS FOLDER PORT`: Thanos' querier on loopback, over one Prometheus and its sidecar.

All of them end with the first that does. Prometheus is set up by prometheus.yml in FOLDER. A Thanos that is built from its module wants
`-tags slicelabels`, as its own makefile has it: without it the sidecar dies of labels that it misreads.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from modeldeck.sandbox.prometheus import LOOKBACK_SECONDS, installed
from tests.support.ports import free_port


def main(thanos: str, binary: str, folder: Path, port: int) -> int:
    file = folder / "prometheus.yml"
    settings = json.loads(file.read_text())
    settings.setdefault("global", {})["external_labels"] = {"replica": "a"}  # a sidecar wants one
    file.write_text(json.dumps(settings))
    inner, sidecar, sidecar_http, query = (free_port() for _ in range(4))
    here = "127.0.0.1"
    commands = (
        (
            thanos,
            "sidecar",
            f"--prometheus.url=http://{here}:{inner}",
            f"--grpc-address={here}:{sidecar}",
            f"--http-address={here}:{sidecar_http}",
            f"--tsdb.path={folder / 'data'}",
        ),
        (
            thanos,
            "query",
            f"--http-address={here}:{port}",
            f"--grpc-address={here}:{query}",
            f"--endpoint-strict={here}:{sidecar}",
            "--query.replica-label=replica",
            f"--query.lookback-delta={LOOKBACK_SECONDS}s",
        ),
    )
    # In this process' group, which the tests end.
    running = [subprocess.Popen(installed.command(binary, folder, inner))]
    while not asyncio.run(installed.ready(f"http://{here}:{inner}")):  # a sidecar that meets none waits for half a minute
        time.sleep(0.2)
    running += [subprocess.Popen(command) for command in commands]
    os.wait()
    for process in running:
        process.kill()
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4])))
