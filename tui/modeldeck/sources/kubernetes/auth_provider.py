"""The old `auth-provider` entries (gcp, oidc): read and renewed by the official client, in a thread, imported only where one is used."""

from __future__ import annotations

import os
from collections.abc import Mapping

from modeldeck.domain.environments import ClusterTarget
from modeldeck.domain.failures import Unauthorized
from modeldeck.sources.common.blocking_executor import run_in_thread
from modeldeck.sources.kubernetes import BACKEND


class AuthProviderToken:
    """The bearer token that the official client makes of an auth provider."""

    def __init__(self, target: ClusterTarget) -> None:
        self._target = target
        self._header = ""

    async def headers(self, *, renew: bool) -> Mapping[str, str]:
        if renew or not self._header:
            self._header = await run_in_thread(BACKEND, self._ask)
        return {"Authorization": self._header}

    def _ask(self) -> str:
        from kubernetes.client import Configuration
        from kubernetes.config import load_kube_config

        configuration = Configuration()
        files = self._target.kubeconfig or os.path.join(os.path.expanduser("~"), ".kube", "config")
        try:
            load_kube_config(files, context=self._target.context or None, client_configuration=configuration, persist_config=False)
        except Exception:  # noqa: BLE001 — an edge: it lets through what google-auth, oauthlib and its own parser raise
            raise _refused() from None
        header: str = configuration.api_key.get("BearerToken", "")
        if not header:
            raise _refused()
        return header


def _refused() -> Unauthorized:
    message = "the kubeconfig's auth-provider gave no token"
    return Unauthorized(message, hint="auth-provider is retired: use an exec plug-in, or log in anew", backend=BACKEND)
