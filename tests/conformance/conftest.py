"""What conformance cases share: each runs against the sandbox's simulator and against a real control plane."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conformance.clusters import NAMES, Cluster, running


@pytest.fixture(scope="session", params=NAMES)
def cluster(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One cluster for all cases; pytest orders them so that the second is started when the first is done with."""
    with running(request.param, tmp_path_factory.mktemp(request.param)) as found:
        yield found
