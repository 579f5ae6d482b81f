"""A server of the sandbox that is a program of its own, on a socket which its parent has bound."""

from __future__ import annotations

import socket
from typing import Any

import uvicorn


class ReadyServer(uvicorn.Server):
    """Says `ready http://127.0.0.1:PORT` on standard output once it answers."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        for listener in sockets or ():
            print(f"ready http://127.0.0.1:{listener.getsockname()[1]}", flush=True)


def serve(app: Any, listener: socket.socket) -> None:
    """Until a signal ends it."""
    ReadyServer(uvicorn.Config(app, log_level="warning", access_log=False)).run(sockets=[listener])
