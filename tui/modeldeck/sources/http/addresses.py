"""Addresses: whether one is this machine's own, and what stands before it."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """`host` may carry a port. As Go's clients (kubectl, promtool) have it: no proxy of the environment stands before one's own machine."""
    name = host.strip().lower()
    name = name[1 : name.index("]")] if name.startswith("[") and "]" in name else name.partition(":")[0] if name.count(":") == 1 else name
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def proxy_before(address: str, given: str | None) -> str:
    """`host:port` of the proxy that requests to this address go through, for words; "" where none does. `given`: None takes the one of the
    environment."""
    try:
        there = urlsplit(address)
        if given is None:
            given = "" if is_loopback(there.netloc) else _of_environment(there.scheme, there.netloc)
        return urlsplit(given).netloc.rpartition("@")[2]
    except ValueError:
        return ""


def _of_environment(scheme: str, host: str) -> str:
    from urllib.request import getproxies, proxy_bypass

    found = getproxies()
    return "" if proxy_bypass(host) else found.get(scheme) or found.get("all") or ""
