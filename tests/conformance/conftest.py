"""What conformance cases share: each runs against the sandbox's simulator and against a real control plane."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conformance.clusters import NAMES, Cluster, running


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in its own
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With `-n N --dist loadgroup` each cluster is started once, and what goes on in one of them disturbs no other: cases wait for their
    pods most of the time."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))


APART = ("test_owners",)
"""Files that take as long as all others of their folder: they get a cluster of their own."""


def _group(item: pytest.Item) -> str:
    """Cases of one group run one after the other, in one process."""
    folder = item.path.stem if item.path.stem in APART else item.path.parent.name
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    cluster = next((parameters[name] for name in ("cluster", "ground") if name in parameters), "")
    if folder in ("kubernetes", "node") and cluster:
        return f"shared {cluster}"
    return f"{folder} {cluster}"


@pytest.fixture(scope="session", params=NAMES)
def cluster(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One cluster for all cases; pytest orders them so that the second is started when the first is done with."""
    with running(request.param, tmp_path_factory.mktemp(request.param)) as found:
        yield found
