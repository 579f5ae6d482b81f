"""Which cluster something happened in. A name in a configuration, or an address on this machine, may be another cluster tomorrow."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ClusterId:
    """What tells a cluster apart: the uid of its namespace kube-system, where that may be read, and the address of its API server together
    with the authority that vouches for it. Both "" where nobody knows."""

    uid: str = ""
    address: str = ""
    """A digest: it is kept in places that others read."""

    def same(self, other: ClusterId) -> bool | None:
        """Whether both are one cluster; None: not known. An operator who may not read the uid knows the cluster by its address."""
        if self.uid and other.uid:
            return self.uid == other.uid
        if self.address and other.address:
            return self.address == other.address
        return None

    def text(self) -> str:
        """`uid:…` or `at:…`; "" where nothing is known."""
        return f"uid:{self.uid}" if self.uid else f"at:{self.address}" if self.address else ""


def address_digest(server: str, ca_pem: str) -> str:
    return hashlib.sha256("\n".join((server.rstrip("/"), ca_pem.strip())).encode()).hexdigest()[:24]


def cluster_of(text: str) -> ClusterId:
    """What `text()` wrote; anything else says nothing."""
    kind, _, value = text.partition(":")
    return ClusterId(uid=value) if kind == "uid" else ClusterId(address=value) if kind == "at" else ClusterId()
