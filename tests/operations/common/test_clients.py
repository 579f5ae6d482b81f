"""A backend that an environment does not name is asked for by what has to be set."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from modeldeck.domain.failures import Unreachable
from modeldeck.operations.common.clients import Clients
from tests.operations.conftest import Bench
from tests.support.sample import ENVIRONMENT

NONE = Clients(ENVIRONMENT, None, None, None, None)


@pytest.mark.parametrize(
    ("need", "backend", "setting"),
    [
        (NONE.need_registry, "MLflow", "MLFLOW_TRACKING_URI or --mlflow"),
        (NONE.need_tracking, "MLflow", "MLFLOW_TRACKING_URI or --mlflow"),
        (NONE.need_cluster, "Kubernetes", "KUBECONFIG or --kubeconfig"),
    ],
)
def test_what_is_not_configured_says_what_to_set(need: Callable[[], object], backend: str, setting: str) -> None:
    with pytest.raises(Unreachable) as missing:
        need()
    assert missing.value.message == "not configured in this environment"
    assert (missing.value.backend, missing.value.hint) == (backend, f"set {setting}")


def test_what_is_configured_is_given(bench: Bench) -> None:
    clients = bench.fake.clients
    assert clients.need_registry() is bench.fake.registry
    assert clients.need_cluster() is bench.fake.cluster
    with pytest.raises(Unreachable):
        clients.need_tracking()
