"""One connection to an API server, opened with its first request: kubeconfig read run_in_thread, credentials, TLS, transport."""

from __future__ import annotations

import asyncio
import functools
import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from modeldeck.domain.environments import ClusterTarget
from modeldeck.domain.failures import SETTLING, Unauthorized
from modeldeck.sources.common.blocking_executor import run_in_thread
from modeldeck.sources.common.files import FILES
from modeldeck.sources.http.transport import Timeouts, Transport
from modeldeck.sources.kubernetes import BACKEND, responses
from modeldeck.sources.kubernetes.auth import context_for, credentials_for
from modeldeck.sources.kubernetes.exec_plugin import Credential, Plugin
from modeldeck.sources.kubernetes.kubeconfig import Login, load

T = TypeVar("T")

CONNECTIONS = 512
"""HTTP/1.1 keeps one for each watch: three a namespace."""


@dataclass(frozen=True, slots=True)
class _Open:
    login: Login
    transport: Transport
    credential: Credential | None
    """A certificate that an exec plug-in gave: it stands in the TLS context, so that a new one means a new transport."""


class Connection:
    """`transport()` answers the one in use. Where it could not be opened the next call tries again: a kubeconfig can be mended."""

    def __init__(self, target: ClusterTarget, *, timeouts: Timeouts | None = None) -> None:
        self.target = target
        self._timeouts = timeouts or Timeouts()
        self._opened: _Open | None = None
        self._opening = asyncio.Lock()
        self._plugin: Plugin | None = None

    async def transport(self) -> Transport:
        return (await self._open()).transport

    async def namespace(self) -> str:
        """The context's own namespace."""
        return (await self._open()).login.namespace

    async def login(self) -> Login:
        return (await self._open()).login

    async def using(self, work: Callable[[Transport], Awaitable[T]]) -> T:
        """`work` with the transport; once more with a new one where a plug-in's certificate was refused."""
        opened = await self._open()
        try:
            return await work(opened.transport)
        except Unauthorized:
            if opened.credential is None:
                raise
        return await work((await self._open(refused=opened)).transport)

    async def _open(self, refused: _Open | None = None) -> _Open:
        opened = self._opened
        if opened is not None and opened is not refused and not _outdated(opened):
            return opened
        async with self._opening:
            if self._opened is not None and self._opened is not refused and not _outdated(self._opened):
                return self._opened
            old, self._opened = self._opened, await self._make(refused.credential if refused else None)
            if old is not None:
                # What still runs over the old one, such as a watch, ends with it and begins again over the new one.
                await old.transport.aclose()
            return self._opened

    async def _make(self, refused: Credential | None) -> _Open:
        login = await run_in_thread(BACKEND, lambda: load(self.target), timeout=FILES)
        if login.user.exec is not None and self._plugin is None:
            self._plugin = Plugin(login.user.exec)
        credential: Credential | None = None
        if self._plugin is not None and login.user.exec is not None:
            # Asked before the first request, as only its answer tells whether it is a token or a certificate.
            answer = await self._plugin.credential(refused)
            credential = answer if answer.cert_pem else None
        transport = Transport(
            BACKEND,
            login.server,
            credentials=credentials_for(self.target, login, self._plugin if login.user.exec else None),
            tls=_tls(login, credential),
            server_name=login.server_name,
            proxy=login.proxy,
            explain=responses.explain,
            timeouts=self._timeouts,
            connections=CONNECTIONS,
            settling=SETTLING,
        )
        return _Open(login, transport, credential)

    async def aclose(self) -> None:
        opened, self._opened = self._opened, None
        if opened is not None:
            await opened.transport.aclose()


def _tls(login: Login, credential: Credential | None) -> Callable[[], ssl.SSLContext] | None:
    return functools.partial(context_for, login, credential) if login.server.startswith("https:") else None


def _outdated(opened: _Open) -> bool:
    return opened.credential is not None and opened.credential.expired(time.time())
