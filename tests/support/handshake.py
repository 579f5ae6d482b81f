"""TLS between two contexts, in memory: what a server and a client make of each other's certificates."""

from __future__ import annotations

import ssl
from pathlib import Path


def strict(authority: Path) -> ssl.SSLContext:
    """A client that trusts one authority and verifies as strictly as Python does from 3.13 on."""
    context = ssl.create_default_context(cafile=authority)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


def handshake(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> None:
    """The client dials `name`. Raises SSLError where one of them does not trust the other."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [client.wrap_bio(to_client, to_server, server_hostname=name), server.wrap_bio(to_server, to_client, server_side=True)]
    while ends:
        for end in list(ends):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            ends.remove(end)
