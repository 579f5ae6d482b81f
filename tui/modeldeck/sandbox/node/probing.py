"""HTTP probes by hand: they are sent every second or so for ever, and a whole HTTP client costs ten times as much for each."""

from __future__ import annotations

import asyncio
import contextlib

from modeldeck.sandbox.node.state import LOOPBACK


async def probe(port: int, path: str, timeout: float) -> str | None:
    """GET a path of a container: None when it answers 2xx or 3xx, otherwise what is wrong, in the kubelet's words. Timeout in seconds."""
    url = f"http://{LOOPBACK}:{port}{path}"
    try:
        async with asyncio.timeout(timeout):
            status = await _status(port, path)
    except TimeoutError:
        return f'Get "{url}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
    except ConnectionRefusedError:
        return f'Get "{url}": dial tcp {LOOPBACK}:{port}: connect: connection refused'
    except OSError as error:
        return f'Get "{url}": {error.strerror}'
    if status is None:
        return f'Get "{url}": EOF'
    return None if 200 <= status < 400 else f"HTTP probe failed with statuscode: {status}"


async def _status(port: int, path: str) -> int | None:
    """The status code; None where the answer is not HTTP."""
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {LOOPBACK}:{port}\r\nUser-Agent: kube-probe/1.36\r\nConnection: close\r\n\r\n".encode())
        parts = (await reader.readline()).split(b" ", 2)
        known = len(parts) >= 2 and parts[0].startswith(b"HTTP/") and parts[1].strip().isdigit()
        return int(parts[1]) if known else None
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
