"""Retired auth providers, through the official client."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path

import pytest

from modeldeck.domain.failures import Unauthorized
from tests.sources.kubernetes.scripted import scripted
from tests.sources.kubernetes.test_connection import Opened, log_in, with_user


async def test_a_retired_auth_provider_through_the_official_client(opened: Opened, tmp_path: Path) -> None:
    claims = base64.urlsafe_b64encode(json.dumps({"exp": time.time() + 3600, "sub": "ann"}).encode()).decode().rstrip("=")
    token = f"e30.{claims}.sig"
    async with scripted(tmp_path) as api:
        target = with_user(Path(api.target.kubeconfig), tmp_path / "mine", {})
        log_in(Path(target.kubeconfig), {"auth-provider": {"name": "oidc", "config": {"id-token": token}}})
        cluster = opened(target)
        assert await cluster.ping() == "v1.36.3"
        assert api.authorizations[-1] == f"Bearer {token}"
        await cluster.aclose()
        log_in(Path(target.kubeconfig), {"auth-provider": {"name": "nobody"}})
        with pytest.raises(Unauthorized, match="auth-provider"):
            await opened(target).ping()
