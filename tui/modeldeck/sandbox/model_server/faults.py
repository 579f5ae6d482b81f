"""Fault switches: what `modeldeck sandbox inject` writes into a file, applied to the model servers that it names."""

from __future__ import annotations

import asyncio
import json
import math
import random
import time
from dataclasses import dataclass
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

_LOOK_EVERY = 0.25  # seconds


@dataclass(frozen=True)
class Faults:
    """latency: seconds added to each request; errors: share (0..1) answered with 500; drift: shift of inputs in standard deviations."""

    latency: float = 0.0
    errors: float = 0.0
    drift: float = 0.0


NONE = Faults()


def parse(text: str, deployment: str, version: str) -> Faults:
    """The faults of one deployment; those meant for another version, and text that is not such a file, are none."""
    try:
        entry = json.loads(text).get(deployment)
    except (json.JSONDecodeError, AttributeError):
        return NONE
    if not isinstance(entry, dict) or entry.get("version") not in (None, version):
        return NONE
    return Faults(*(_number(entry.get(key)) for key in ("latency", "errors", "drift")))


def _number(value: object) -> float:
    usable = isinstance(value, int | float) and math.isfinite(value)
    return float(value) if usable else 0.0  # type: ignore[arg-type]  # narrowed by `usable`


class Switches:
    """The faults in force now, read again when the file changed; looks at most every quarter of a second, and only when asked."""

    def __init__(self, file: Path | None, deployment: str, version: str) -> None:
        self._file, self._deployment, self._version = file, deployment, version
        self._looked = -math.inf
        self._stamp: tuple[int, int] | None = None
        self._faults = NONE

    def now(self) -> Faults:
        """The faults in force."""
        if self._file is not None and time.monotonic() - self._looked >= _LOOK_EVERY:
            self._looked = time.monotonic()
            self._look(self._file)
        return self._faults

    def _look(self, file: Path) -> None:
        try:
            status = file.stat()
            stamp = (status.st_mtime_ns, status.st_ino)
            if stamp != self._stamp:
                self._faults = parse(file.read_text(), self._deployment, self._version)
                self._stamp = stamp
        except OSError:
            self._faults, self._stamp = NONE, None


class FaultMiddleware:
    """Delays requests to /invocations, and answers some of them with 500, as the switches say."""

    def __init__(self, app: ASGIApp, switches: Switches) -> None:
        self._app, self._switches = app, switches

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/invocations":
            faults = self._switches.now()
            if faults.latency > 0:
                await asyncio.sleep(faults.latency * random.uniform(0.8, 1.2))
            if random.random() < faults.errors:
                await _fail(send)
                return
        await self._app(scope, receive, send)


async def _fail(send: Send) -> None:
    body = b'{"error_code": "INTERNAL_ERROR", "message": "injected by modeldeck sandbox inject --errors"}'
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 500, "headers": headers})
    await send({"type": "http.response.body", "body": body})
