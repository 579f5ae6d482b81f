"""A past for a real Prometheus: samples with times of our choosing, by its remote write receiver (`--web.enable-remote-write-receiver`).

What is written must not be older than what is there already, so a test writes all of it in order of time.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping

import httpx

Written = tuple[Mapping[str, str], float, float]
"""Labels, seconds since the epoch, value."""
_AT_ONCE = 5000


def remote_write(url: str, samples: Iterable[Written]) -> None:
    """In order of time."""
    ordered = sorted(samples, key=lambda sample: sample[1])
    headers = {
        "Content-Encoding": "snappy",
        "Content-Type": "application/x-protobuf",
        "X-Prometheus-Remote-Write-Version": "0.1.0",
    }
    with httpx.Client(timeout=30, trust_env=False) as client:
        for start in range(0, len(ordered), _AT_ONCE):
            message = b"".join(_field(1, _series(*sample)) for sample in ordered[start : start + _AT_ONCE])
            answer = client.post(f"{url}/api/v1/write", content=_snappy(message), headers=headers)
            assert answer.is_success, answer.text


def _series(labels: Mapping[str, str], at: float, value: float) -> bytes:
    pairs = (_field(1, name.encode()) + _field(2, text.encode()) for name, text in sorted(labels.items()))
    sample = b"\x09" + struct.pack("<d", value) + b"\x10" + _varint(round(at * 1000))
    return b"".join(_field(1, pair) for pair in pairs) + _field(2, sample)


def _field(number: int, body: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(body)) + body


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


def _snappy(body: bytes) -> bytes:
    """Literals only: the format allows it."""
    pieces = (body[start : start + 65536] for start in range(0, len(body), 65536))
    return _varint(len(body)) + b"".join(b"\xf4" + struct.pack("<H", len(piece) - 1) + piece for piece in pieces)
