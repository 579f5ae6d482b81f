"""Certificates for servers on loopback: a private authority and one leaf that it signed, good for serving and for dialling."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path

from modeldeck.sandbox.common import files

_LIFE = datetime.timedelta(days=3650)


@dataclass(frozen=True)
class Certificates:
    """Paths of PEM files: the authority's certificate, the leaf's certificate, the leaf's private key (mode 0600)."""

    authority: Path
    certificate: Path
    key: Path


def ensure(folder: Path, name: str) -> Certificates:
    """The certificates kept in `folder`, made on first use for localhost and the loopback addresses.

    The authority's key is thrown away at once: nobody can sign another certificate that clients of this one would trust.
    """
    found = Certificates(folder / "ca.pem", folder / "leaf.pem", folder / "leaf.key")
    if not found.key.exists():
        import trustme  # only the first start pays for it

        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        authority = trustme.CA(path_length=0, organization_name=name, organization_unit_name="authority")
        leaf = authority.issue_cert(
            *("localhost", "127.0.0.1", "::1"),
            common_name=name,
            organization_name=name,
            organization_unit_name="leaf",
            not_after=datetime.datetime.now(datetime.UTC) + _LIFE,
        )
        files.write(found.authority, authority.cert_pem.bytes())
        files.write(found.certificate, leaf.cert_chain_pems[0].bytes())
        files.write(found.key, leaf.private_key_pem.bytes())  # last: its presence says that the set is whole
    return found
