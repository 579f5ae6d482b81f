"""Exec credential plug-ins (client.authentication.k8s.io): run away from our terminal, their answer kept until it expires.

A plug-in that inherits the terminal writes over the screen, and one that asks for a password steals its keys: stdin is empty, stderr is
kept, and becomes the words of a failure.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import time
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from tui.domain.environments import Secret
from tui.domain.failures import Failure, Unauthorized, Unreachable
from tui.sources.kubernetes import BACKEND
from tui.sources.kubernetes.kubeconfig import ExecPlugin

PATIENCE = 60.0
"""Seconds for a plug-in, which may have to ask a cloud."""
_LONGEST = 600
"""Characters of what a plug-in says."""
_EARLY = 10.0
"""Seconds before its expiry that a credential is not used any more."""


class _Status(msgspec.Struct, rename="camel"):
    token: str = ""
    client_certificate_data: str = ""
    client_key_data: str = ""
    expiration_timestamp: datetime | None = None


class _Answer(msgspec.Struct, rename="camel"):
    api_version: str = ""
    status: _Status | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Credential:
    """What a plug-in answered: a token, or a certificate with its key. `expires` in seconds since the epoch."""

    token: Secret | None
    cert_pem: bytes = field(repr=False)
    key_pem: Secret | None
    expires: float | None

    def expired(self, now: float) -> bool:
        return self.expires is not None and now > self.expires - _EARLY


class Plugin:
    """One plug-in and its newest answer. Calls at the same time share one run."""

    def __init__(self, spec: ExecPlugin) -> None:
        self._spec = spec
        self._credential: Credential | None = None
        self._running = asyncio.Lock()

    async def credential(self, refused: Credential | None = None) -> Credential:
        """The newest one, unless it has expired or is the very one that the server `refused`: then the plug-in is run again."""
        async with self._running:
            newest = self._credential
            if newest is None or newest is refused or newest.expired(time.time()):
                newest = self._credential = await _run(self._spec)
            return newest


async def _run(spec: ExecPlugin) -> Credential:
    name = os.path.basename(spec.command) or "the exec plug-in"
    if spec.needs_terminal:
        raise _failed(f"{name} wants a terminal of its own to log in", f"log in with it in another window first, e.g. by {_proof()}")
    try:
        process = await asyncio.create_subprocess_exec(
            spec.command,
            *spec.args,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, **dict(spec.env), "KUBERNETES_EXEC_INFO": _told(spec)},
            start_new_session=True,  # without it a plug-in reaches the terminal as /dev/tty
        )
    except OSError as error:
        raise _failed(f"{name} cannot be started: {error.strerror}", spec.hint or f"install {name}, or check its path") from None
    try:
        async with asyncio.timeout(PATIENCE):
            out, said = await process.communicate()
    except TimeoutError:
        raise _failed(f"{name} gave no credentials within {PATIENCE:g} s", f"log in by hand: {_proof()}") from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await asyncio.shield(process.wait())
    if process.returncode != 0:
        whole = " / ".join(line.strip() for line in said.decode("utf-8", "replace").splitlines() if line.strip())
        words = f"{name} ended with {process.returncode}" + (f": {_ends(whole)}" if whole else "")
        raise Unauthorized(words, hint=f"log in by hand: {_proof()}", backend=BACKEND)
    return _credential_of(out, spec, name)


def _ends(text: str) -> str:
    """The whole of a message; of one that fills the screen, where it begins and where it ends."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]} … {text[-_LONGEST // 2 :]}"


def _proof() -> str:
    return "kubectl auth whoami"


def _told(spec: ExecPlugin) -> str:
    body: dict[str, object] = {"interactive": False}
    if spec.cluster is not None:
        body["cluster"] = dict(spec.cluster)
    return json.dumps({"apiVersion": spec.api_version, "kind": "ExecCredential", "spec": body})


def _credential_of(out: bytes, spec: ExecPlugin, name: str) -> Credential:
    try:
        answer = msgspec.json.decode(out, type=_Answer)
    except msgspec.MsgspecError:
        raise _failed(f"{name} did not answer with an ExecCredential", spec.hint) from None
    status = answer.status
    if answer.api_version != spec.api_version:
        raise _failed(f"{name} speaks {answer.api_version or 'no version'}, the kubeconfig asks for {spec.api_version}", spec.hint)
    if status is None or not (status.token or (status.client_certificate_data and status.client_key_data)):
        raise _failed(f"{name} answered without a token or certificate", spec.hint)
    return Credential(
        token=Secret(status.token) if status.token else None,
        cert_pem=status.client_certificate_data.encode(),
        key_pem=Secret(status.client_key_data) if status.client_key_data else None,
        expires=status.expiration_timestamp.timestamp() if status.expiration_timestamp else None,
    )


def _failed(words: str, hint: str) -> Failure:
    return Unreachable(words, hint=hint, backend=BACKEND)
