"""Names and hashes that the cluster itself makes up."""

from __future__ import annotations

import secrets

import msgspec

# No vowels, and nothing that is mistaken for something else: what generateName and pod-template-hash are written in.
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_LONGEST_PREFIX = 58


def random_suffix(length: int = 5) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def generated(prefix: str) -> str:
    """A name from `metadata.generateName`."""
    return prefix[:_LONGEST_PREFIX] + random_suffix()


def template_hash(template: object, collisions: int | None) -> str:
    """pod-template-hash: FNV-1a over the template, in the real controller's alphabet (its values differ, its looks do not)."""
    data = msgspec.json.encode(template, order="sorted")
    if collisions is not None:
        data += collisions.to_bytes(8, "little")
    value = 0x811C9DC5
    for byte in data:
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return "".join(_ALPHABET[ord(digit) % len(_ALPHABET)] for digit in str(value))
