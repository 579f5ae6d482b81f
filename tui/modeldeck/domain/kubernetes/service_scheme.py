"""Which addresses want the API server's proxy. Apart from what they say, as every start asks it."""

from __future__ import annotations

SCHEMES = ("kubernetes", "kubernetes+https")


def is_service(address: str) -> bool:
    """Whether an address wants the API server's proxy, rightly written or not."""
    return address.lower().startswith(tuple(f"{scheme}:" for scheme in SCHEMES))
