"""`python -m kubesim --state DIR [--port N]`: serve until told to stop."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import uvicorn

from kubesim.auth import certificates, kubeconfigs
from kubesim.auth.access import load_tokens
from kubesim.controllers.manager import run_controllers
from kubesim.http.server import Application
from kubesim.registry import bootstrap
from kubesim.registry.registry import Registry
from kubesim.storage.store import Store


class _Server(uvicorn.Server):
    """Says when it is ready, and lets go of the open watches when it has to stop."""

    def __init__(self, config: uvicorn.Config, application: Application, address: str) -> None:
        super().__init__(config)
        self._application = application
        self._address = address

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(f"ready {self._address}", flush=True)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._application.hub.end()
        await super().shutdown(sockets)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the cluster; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m kubesim", description="A small cluster that speaks the Kubernetes API.")
    parser.add_argument("--state", type=Path, required=True, help="directory that keeps the cluster's state")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; default: the last one if it is free, else any")
    parser.add_argument("--namespace", default="serving", help="namespace of the kubeconfigs' context")
    options = parser.parse_args(arguments)
    options.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(options.state, options.port, options.namespace))
    return 0


async def _serve(state: Path, port: int, namespace: str) -> None:
    authority, certificate, key = certificates.ensure(state)
    tokens = load_tokens(state / "tokens.csv")
    store = Store(state / "cluster.db")
    registry = Registry(store)
    bootstrap.seed(registry)
    application = Application(registry, tokens)
    listening = _listen(state / "port", port)
    address = f"https://127.0.0.1:{listening.getsockname()[1]}"
    kubeconfigs.write_all(state, address, authority, tokens, namespace)
    config = uvicorn.Config(
        application,
        ssl_certfile=certificate,
        ssl_keyfile=key,
        http="h11",
        ws="none",
        lifespan="off",
        access_log=False,
        log_level="error",
        timeout_keep_alive=120,
        timeout_graceful_shutdown=1,
        server_header=False,
    )
    server = _Server(config, application, address)
    controllers = asyncio.create_task(run_controllers(registry))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    # A control loop that fails is a bug: the whole cluster stops with its traceback instead of living on without it.
    await asyncio.wait({controllers, serving}, return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    await serving
    if controllers.done():
        controllers.result()
    controllers.cancel()
    store.close()


def _listen(remembered: Path, port: int) -> socket.socket:
    """The wanted port, else the one of last time, else any that is free."""
    last = remembered.read_text().strip() if remembered.exists() else ""
    candidates = [port] if port else [int(last), 0] if last.isdigit() else [0]
    for candidate in candidates:
        # The protocol is named so that asyncio switches Nagle's algorithm off: without, each answer waits 40 ms for an acknowledgement.
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(("127.0.0.1", candidate))
        except OSError:
            listening.close()
            continue
        listening.listen(256)
        remembered.write_text(f"{listening.getsockname()[1]}\n")
        return listening
    print(f"port {port} of 127.0.0.1 is taken", file=sys.stderr)
    raise SystemExit(os.EX_UNAVAILABLE)


if __name__ == "__main__":
    sys.exit(main())
