"""Alertmanager, by its API v2."""

from __future__ import annotations

import itertools
from urllib.parse import quote, urlsplit

import msgspec

from modeldeck.domain.alerts.alert import Alerts
from modeldeck.domain.alerts.silence import CREATOR, Silence
from modeldeck.domain.environments import HttpTarget
from modeldeck.domain.failures import Faulty, NotFound
from modeldeck.sources.alertmanager import wire
from modeldeck.sources.common.edge import raises_failures
from modeldeck.sources.http.credentials import credentials_of
from modeldeck.sources.http.tls import Tls
from modeldeck.sources.http.transport import Timeouts, Transport

BACKEND = "Alertmanager"
TIMEOUTS = Timeouts(connect=2.0, read=5.0, total=10.0)
"""Seconds: an operation goes on without it."""
MOST = 1000
"""Silences."""


@raises_failures(BACKEND)
class Alertmanager:
    """`modeldeck.ports.AlertSource` and `Silences`."""

    def __init__(self, target: HttpTarget, *, timeouts: Timeouts = TIMEOUTS) -> None:
        self._transport = Transport(
            BACKEND,
            _base(target.url),
            headers={name: value.reveal() for name, value in target.headers.items()},
            credentials=credentials_of(target.username, target.password, target.token),
            tls=Tls(verify=not target.insecure_tls, ca_path=target.ca_path),
            explain=_explain,
            timeouts=timeouts,
        )

    async def alerts(self) -> Alerts:
        body = await self._transport.get("/api/v2/alerts")
        return wire.alerts_of(self._transport.decode(body, list[wire.AlertEntry]))

    async def silence(self, wanted: Silence) -> str:
        body = await self._transport.post("/api/v2/silences", wire.silence_to_json(wanted))
        return self._transport.decode(body, wire.SilenceMade).silenceID

    async def silences(self) -> tuple[Silence, ...]:
        """Those of modeldeck's that have not ended."""
        entries = self._transport.decode(await self._transport.get("/api/v2/silences"), list[wire.SilenceEntry])
        found = (wire.silence_of(entry) for entry in entries if entry.createdBy == CREATOR and entry.status.state != "expired")
        return tuple(itertools.islice(found, MOST))

    async def expire(self, silence_id: str) -> None:
        """Nothing is raised where there is none, or it has ended: of that, 0.25 says that something is wrong with itself."""
        try:
            await self._transport.delete(f"/api/v2/silence/{quote(silence_id, safe='')}")
        except NotFound:
            return
        except Faulty:
            if any(one.id == silence_id for one in await self.silences()):
                raise

    async def aclose(self) -> None:
        await self._transport.aclose()


def _base(url: str) -> str:
    """The address without what stands behind it in a browser, or in an example."""
    for page in ("/alerts", "/api/v2", "/#"):
        url = url.rstrip("/").removesuffix(page)
    return url.rstrip("/") if urlsplit(url).netloc else url


def _explain(body: bytes) -> str:
    """It answers a refusal as JSON text, or as an object with a message."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    if isinstance(found, dict):
        found = found.get("message", "")
    return found if isinstance(found, str) else ""
