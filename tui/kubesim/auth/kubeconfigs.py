"""The kubeconfig files that clients use to reach this cluster."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from kubesim.auth import private_files
from kubesim.auth.access import USERS, User


def write_all(directory: Path, server: str, authority: Path, tokens: dict[str, User], namespace: str) -> None:
    """DIR/admin.kubeconfig, view.kubeconfig and op.kubeconfig, readable by the owner only. JSON is YAML too."""
    certificate = base64.b64encode(authority.read_bytes()).decode()
    by_name = {user.name: token for token, user in tokens.items()}
    for label, (user, _group) in USERS.items():
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "sandbox",
            "preferences": {},
            "clusters": [{"name": "sandbox", "cluster": {"server": server, "certificate-authority-data": certificate}}],
            "users": [{"name": user, "user": {"token": by_name[user]}}],
            "contexts": [{"name": "sandbox", "context": {"cluster": "sandbox", "user": user, "namespace": namespace}}],
        }
        private_files.write(directory / f"{label}.kubeconfig", json.dumps(document, indent=2).encode() + b"\n")
