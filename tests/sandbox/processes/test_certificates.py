from __future__ import annotations

import asyncio
import ssl
import stat
from pathlib import Path

import pytest

from modeldeck.sandbox.processes.certificates import ensure


async def test_a_strict_client_trusts_the_leaf_for_loopback_and_nobody_else(tmp_path: Path) -> None:
    ours, theirs = ensure(tmp_path / "ours", "node-1"), ensure(tmp_path / "theirs", "node-1")
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(ours.certificate, ours.key)
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0, ssl=serving)
    port = server.sockets[0].getsockname()[1]
    for authority, fits in ((ours.authority, True), (theirs.authority, False)):
        client = ssl.create_default_context(cafile=authority)
        client.verify_flags |= ssl.VERIFY_X509_STRICT  # the default from Python 3.13 on
        if fits:
            _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client)
            writer.close()
        else:
            with pytest.raises(ssl.SSLCertVerificationError):
                await asyncio.open_connection("127.0.0.1", port, ssl=client)
    server.close()
    await server.wait_closed()


def test_certificates_are_kept_and_the_key_is_private(tmp_path: Path) -> None:
    first = ensure(tmp_path, "node-1")
    key = first.key.read_bytes()
    assert ensure(tmp_path, "node-1").key.read_bytes() == key
    assert stat.S_IMODE(first.key.stat().st_mode) == 0o600
