"""A login as what the transport takes: credentials that renew themselves, and a TLS context that leaves nothing on the disk."""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from weakref import WeakKeyDictionary

from modeldeck.domain.environments import ClusterTarget, Secret
from modeldeck.domain.failures import Failure, Unreachable
from modeldeck.sources.common import bounds
from modeldeck.sources.common.blocking_executor import run_in_thread
from modeldeck.sources.common.files import FILES, contents, reason_of
from modeldeck.sources.http.credentials import Basic, Bearer, Credentials, Nobody
from modeldeck.sources.http.tls import Tls, context_of
from modeldeck.sources.kubernetes import BACKEND
from modeldeck.sources.kubernetes.exec_plugin import Credential, Plugin
from modeldeck.sources.kubernetes.kubeconfig import Login, User, load

_FRESH = 60.0
"""Seconds for which a token file is not read again: bound service account tokens are replaced long before they expire."""


class FileToken:
    """A bearer token in a file that somebody else renews."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._token = Secret("")
        self._read_at = float("-inf")

    async def headers(self, *, renew: bool) -> Mapping[str, str]:
        if renew or time.monotonic() - self._read_at > _FRESH:
            try:
                read = await run_in_thread(BACKEND, lambda: contents(self._path, bounds.CREDENTIALS).decode(), timeout=FILES)
                self._token = Secret(read)
            except (OSError, ValueError) as error:
                message = f"token file cannot be read: {self._path}: {reason_of(error)}"
                raise Unreachable(message, hint="check the path", backend=BACKEND) from None
            self._read_at = time.monotonic()
        return await Bearer(self._token).headers(renew=False)


class PluginToken:
    """The token of an exec plug-in, which is run again when it expires or is refused: once for all who were refused the same one."""

    def __init__(self, plugin: Plugin) -> None:
        self._plugin = plugin
        self._sent: WeakKeyDictionary[asyncio.Task[object], Credential] = WeakKeyDictionary()
        """What each task was given last: the transport asks for a request's headers, and for renewed ones, in one task."""

    async def headers(self, *, renew: bool) -> Mapping[str, str]:
        task = asyncio.current_task()
        credential = await self._plugin.credential(self._sent.get(task) if renew and task else None)
        if task:
            self._sent[task] = credential
        return await Bearer(credential.token).headers(renew=False) if credential.token else {}


class KubeconfigToken:
    """A token or password that stands in the kubeconfig, where a log-in tool may have written a new one since."""

    def __init__(self, target: ClusterTarget, user: User) -> None:
        self._target = target
        self._inner = _written(user)

    async def headers(self, *, renew: bool) -> Mapping[str, str]:
        if renew:
            with contextlib.suppress(Failure):  # the 401 itself is then what is shown
                self._inner = _written((await run_in_thread(BACKEND, lambda: load(self._target), timeout=FILES)).user)
        return await self._inner.headers(renew=False)


def _written(user: User) -> Credentials:
    if user.token:
        return Bearer(user.token)
    if user.username:
        return Basic(user.username, user.password or Secret(""))
    return Nobody()


class Impersonating:
    """`kubectl --as`, as the kubeconfig's user entry can ask for it."""

    def __init__(self, inner: Credentials, user: User) -> None:
        self._inner = inner
        self._user = user

    async def headers(self, *, renew: bool) -> Mapping[str, str]:
        groups = {_spelling("Impersonate-Group", index): group for index, group in enumerate(self._user.impersonate_groups)}
        return {**await self._inner.headers(renew=renew), "Impersonate-User": self._user.impersonate, **groups}


def _spelling(name: str, index: int) -> str:
    """A field's name is the same in any case, and a mapping holds one value a name: each further value has a spelling of its own."""
    letters = [place for place, letter in enumerate(name) if letter.isalpha()]
    turned = {place for bit, place in enumerate(letters) if index >> bit & 1}
    return "".join(letter.swapcase() if place in turned else letter for place, letter in enumerate(name))


def credentials_for(target: ClusterTarget, login: Login, plugin: Plugin | None) -> Credentials:
    user = login.user
    inner: Credentials
    if user.token_path:
        inner = FileToken(user.token_path)
    elif user.token or user.username:
        inner = KubeconfigToken(target, user)
    elif plugin is not None:
        inner = PluginToken(plugin)
    elif user.auth_provider:
        from modeldeck.sources.kubernetes.auth_provider import AuthProviderToken

        inner = AuthProviderToken(target)
    else:
        inner = Nobody()
    return Impersonating(inner, user) if user.impersonate else inner


def context_for(login: Login, credential: Credential | None) -> ssl.SSLContext:
    """Blocks. Raises Unreachable where certificates cannot be used."""
    context = context_of(Tls(verify=not login.insecure, ca_pem=login.ca_pem), backend=BACKEND)
    cert, key = login.user.cert_pem, login.user.key_pem
    if not cert and credential is not None:
        cert, key = credential.cert_pem, credential.key_pem
    if cert:
        _load_chain(context, cert, key)
    return context


def _load_chain(context: ssl.SSLContext, cert: bytes, key: Secret | None) -> None:
    """OpenSSL reads certificates from files only: one in a folder that only we may enter, gone before this returns."""
    pem = cert + b"\n" + (key.reveal().encode() if key else b"")
    with tempfile.TemporaryDirectory(prefix="modeldeck-") as folder:
        path = os.path.join(folder, "client.pem")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
        try:
            context.load_cert_chain(path, password=_no_pass_phrase)
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", "") or "it cannot be read"
            message = f"the client certificate cannot be used: {str(reason).replace('_', ' ').lower()}"
            raise Unreachable(message, hint="check client-certificate and client-key in the kubeconfig", backend=BACKEND) from None


def _no_pass_phrase() -> str:
    raise ValueError("its key asks for a pass phrase")
