"""Exec credential plug-ins (client.authentication.k8s.io): run away from our terminal, their answer kept until it expires.

A plug-in that inherits the terminal writes over the screen, and one that asks for a password steals its keys: stdin is empty, stderr is
kept, and becomes the words of a failure.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from modeldeck.domain.environments import Secret
from modeldeck.domain.failures import Failure, Unauthorized, Unreachable
from modeldeck.sources.common import bounds
from modeldeck.sources.common.files import reason_of
from modeldeck.sources.http.decode import decode
from modeldeck.sources.kubernetes import BACKEND
from modeldeck.sources.kubernetes.kubeconfig import ExecPlugin
from modeldeck.sources.kubernetes.wire import Moment

PATIENCE = 60.0
"""Seconds for a plug-in, which may have to ask a cloud."""
_LONGEST = 600
"""Characters of what a plug-in says."""
QUICK_RUNS = 3
"""Runs of a plug-in in a row without a pause: a credential may be revoked the moment it was given."""
LONGEST_PAUSE = 30.0
"""Seconds between two runs where each credential is refused, or none is given."""
_REAPED = 2.0
"""Seconds for a plug-in that was killed to be gone."""
_LOOK = 0.02
"""Seconds between two looks whether a plug-in that has answered has ended."""
_LEFT_OPEN = 0.5
"""Seconds for what a plug-in that has ended still has to say on stderr."""
_LAST_SAID = 16 * bounds.KIB
"""Bytes that are kept of what a plug-in says on stderr."""
_EARLY = 10.0
"""Seconds before its expiry that a credential is not used any more."""


class _Status(msgspec.Struct, rename="camel"):
    token: str = ""
    client_certificate_data: str = ""
    client_key_data: str = ""
    expiration_timestamp: Moment | None = None


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

    def __init__(self, spec: ExecPlugin, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._spec = spec
        self._monotonic = monotonic
        self._credential: Credential | None = None
        self._failure: Failure | None = None
        self._ran_at = -math.inf
        self._runs = 0
        self._running = asyncio.Lock()

    async def credential(self, refused: Credential | None = None) -> Credential:
        """The newest one, unless it has expired or is the very one that the server `refused`: then the plug-in is run again, but not
        again and again at once: behind it stands a cloud."""
        async with self._running:
            newest = self._credential
            useless = newest is None or newest is refused or newest.expired(time.time())
            if useless and self._monotonic() - self._ran_at >= self._pause():
                await self._run()
            if self._credential is None:
                assert self._failure is not None
                raise self._failure.with_traceback(None)
            return self._credential

    def _pause(self) -> float:
        """Seconds from the last run to the next: none for the first few, then 4, 8, 16, 30."""
        return 0.0 if self._runs < QUICK_RUNS else min(LONGEST_PAUSE, 2.0 ** (self._runs - QUICK_RUNS + 2))

    async def _run(self) -> None:
        try:
            self._credential, self._failure = await _run(self._spec), None
        except Failure as failure:
            self._credential, self._failure = None, failure
        now = self._monotonic()
        self._runs = 1 if now - self._ran_at > 2 * LONGEST_PAUSE else self._runs + 1
        self._ran_at = now


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
    except (OSError, ValueError) as error:  # ValueError: a NUL among its arguments
        raise _failed(f"{name} cannot be started: {reason_of(error)}", spec.hint or f"install {name}, or check its path") from None
    try:
        async with asyncio.timeout(PATIENCE):
            out, said = await _heard(process, name)
    except TimeoutError:
        raise _failed(f"{name} gave no credentials within {PATIENCE:g} s", f"log in by hand: {_proof()}") from None
    finally:
        if process.returncode is None:
            _kill(process)
            with contextlib.suppress(TimeoutError):  # whoever has left its session may hold its pipes
                async with asyncio.timeout(_REAPED):
                    await asyncio.shield(process.wait())
        # Else its pipes stay open for as long as whoever it has left behind holds them.
        process._transport.close()  # type: ignore[attr-defined]
    if process.returncode != 0:
        whole = " / ".join(line.strip() for line in said.decode("utf-8", "replace").splitlines() if line.strip())
        message = f"{name} ended with {process.returncode}" + (f": {_ends(whole)}" if whole else "")
        raise Unauthorized(message, hint=f"log in by hand: {_proof()}", backend=BACKEND)
    return _credential_of(out, spec, name)


def _ends(text: str) -> str:
    """The whole of a message; of one that fills the screen, where it begins and where it ends."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]} … {text[-_LONGEST // 2 :]}"


async def _heard(process: asyncio.subprocess.Process, name: str) -> tuple[bytes, bytes]:
    """All of stdout, and the end of stderr. A helper that it leaves behind may keep stderr open; kubectl does not wait for that either."""
    said = bytearray()
    listening = asyncio.create_task(_listen(process, said))
    try:
        out = await _printed(process, name)
        while process.returncode is None:  # noqa: ASYNC110  asyncio's own wait() waits for stderr, too
            await asyncio.sleep(_LOOK)
        await asyncio.wait((listening,), timeout=_LEFT_OPEN)
    finally:
        listening.cancel()
    return out, bytes(said)


async def _printed(process: asyncio.subprocess.Process, name: str) -> bytes:
    """All of stdout. One that prints too much is ended, and read to its end, so that it can end. Raises TooLarge."""
    pieces: list[bytes] = []
    size = 0
    while process.stdout is not None and (piece := await process.stdout.read(65536)):
        size += len(piece)
        if size > bounds.CREDENTIALS:
            _kill(process)
        else:
            pieces.append(piece)
    if size > bounds.CREDENTIALS:
        raise bounds.too_large(bounds.CREDENTIALS, backend=BACKEND, what=f"what {name} prints")
    return b"".join(pieces)


async def _listen(process: asyncio.subprocess.Process, said: bytearray) -> None:
    """Keeps the end of stderr, however much comes."""
    while process.stderr is not None and (piece := await process.stderr.read(65536)):
        said += piece
        del said[:-_LAST_SAID]


def _kill(process: asyncio.subprocess.Process) -> None:
    """With all that it has started: it leads a session of its own."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _proof() -> str:
    return "kubectl auth whoami"


def _told(spec: ExecPlugin) -> str:
    body: dict[str, object] = {"interactive": False}
    if spec.cluster is not None:
        body["cluster"] = dict(spec.cluster)
    return json.dumps({"apiVersion": spec.api_version, "kind": "ExecCredential", "spec": body})


def _credential_of(out: bytes, spec: ExecPlugin, name: str) -> Credential:
    try:
        answer = decode(out, _Answer)
    except Failure:
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


def _failed(message: str, hint: str) -> Failure:
    return Unreachable(message, hint=hint, backend=BACKEND)
