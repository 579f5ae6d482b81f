"""A certificate authority and a server certificate of the cluster's own, made once and kept in its directory."""

from __future__ import annotations

import datetime
from pathlib import Path

from kubesim.auth import private_files

_LIFE = datetime.timedelta(days=3650)


def ensure(directory: Path) -> tuple[Path, Path, Path]:
    """The files (authority, certificate, key), made when they are not there. The authority's own key is kept nowhere."""
    authority, certificate, key = (directory / name for name in ("ca.crt", "server.crt", "server.key"))
    if not (authority.exists() and certificate.exists() and key.exists()):
        import trustme  # only the first start of a cluster pays for it

        root = trustme.CA(path_length=0, organization_name="kubesim", organization_unit_name="authority")
        server = root.issue_cert(
            *("localhost", "kubernetes", "127.0.0.1", "::1"),
            common_name="kube-apiserver",
            organization_name="kubesim",
            organization_unit_name="server",
            not_after=datetime.datetime.now(datetime.UTC) + _LIFE,
        )
        private_files.write(authority, root.cert_pem.bytes())
        private_files.write(certificate, server.cert_chain_pems[0].bytes())
        private_files.write(key, server.private_key_pem.bytes())
    return authority, certificate, key
