"""Who we are to a backend, as headers. Secrets stay inside: none of these shows one in its repr."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import unquote, urlsplit, urlunsplit

from modeldeck.domain.environments import Secret


class Credentials(Protocol):
    async def headers(self, *, renew: bool) -> Mapping[str, str]:
        """What to send. `renew`: the last ones were answered with 401, so they should be fetched anew; where that is not possible the same
        ones are answered, and the 401 stands."""
        ...


@dataclass(frozen=True, slots=True)
class Nobody:
    async def headers(self, *, renew: bool) -> Mapping[str, str]:
        return {}


@dataclass(frozen=True, slots=True)
class Basic:
    username: str
    password: Secret

    async def headers(self, *, renew: bool) -> Mapping[str, str]:
        return self.static()

    def static(self) -> Mapping[str, str]:
        pair = f"{self.username}:{self.password.reveal()}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode('ascii')}"}


@dataclass(frozen=True, slots=True)
class Bearer:
    token: Secret

    async def headers(self, *, renew: bool) -> Mapping[str, str]:
        return self.static()

    def static(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.token.reveal().strip()}"}


def credentials_of(username: str, password: Secret | None, token: Secret | None) -> Basic | Bearer | None:
    """A token, else a user name (with an empty password where there is none), else None."""
    if token:
        return Bearer(token)
    if username:
        return Basic(username, password or Secret(""))
    return None


def inline_credentials(url: str) -> tuple[str, Basic | None]:
    """A URL without userinfo, query, fragment and trailing slash, and the userinfo that stood in it.

    What is no URL at all comes back as `invalid:`, which no request can be sent to: its text may hold a password.
    """
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return "invalid:", None
    netloc = parts.netloc.rpartition("@")[2]
    clean = urlunsplit((parts.scheme, netloc, parts.path.rstrip("/"), "", ""))
    if parts.username is None:
        return clean, None
    return clean, Basic(unquote(parts.username), Secret(unquote(parts.password or "")))


def scrubbed(body: bytes, sent: Iterable[str]) -> bytes:
    """A server may repeat in its error what we sent it: the credentials in `sent` (header values) are taken out."""
    for value in sent:
        for piece in (value, value.partition(" ")[2]):
            if len(piece) >= 4:
                body = body.replace(piece.encode(), "…".encode())
    return body
