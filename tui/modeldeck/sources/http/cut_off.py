"""A deadline over everything that requests waits for. Its own timeouts are for each byte: a server that sends one a second never ends."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.poolmanager import pool_classes_by_scheme

_thread = threading.local()


class Call:
    """What one thread waits for. `late`: its time was up, so that whatever it raised came of that."""

    def __init__(self) -> None:
        self.late = False
        self.socket: socket.socket | None = None

    def cut(self) -> None:
        self.late = True
        if self.socket is not None:
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def cut_off(seconds: float) -> Iterator[Call]:
    """For one request of this thread through a `CutOffAdapter`, its answer's body included."""
    call = _thread.call = Call()
    timer = threading.Timer(seconds, call.cut)
    timer.daemon = True
    timer.start()
    try:
        yield call
    finally:
        timer.cancel()
        _thread.call = None


def _waits(connection: Any) -> None:
    call = getattr(_thread, "call", None)
    if call is not None:
        call.socket = connection.sock


class _Connection(HTTPConnection):
    def getresponse(self) -> Any:
        _waits(self)
        return super().getresponse()


class _TlsConnection(HTTPSConnection):
    def getresponse(self) -> Any:
        _waits(self)
        return super().getresponse()


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class CutOffAdapter(HTTPAdapter):
    """Lets `cut_off` know its connections. Those over SOCKS have classes of their own, which stay."""

    def init_poolmanager(self, *given: Any, **named: Any) -> None:
        super().init_poolmanager(*given, **named)
        _install(self.poolmanager)

    def proxy_manager_for(self, *given: Any, **named: Any) -> Any:
        return _install(super().proxy_manager_for(*given, **named))


def _install(manager: Any) -> Any:
    if manager.pool_classes_by_scheme == pool_classes_by_scheme:
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
    return manager
