"""What is left when the API server comes back: the objects, rising versions, and 410 for watches that waited too long."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.clusters import NAMES, running
from tests.conformance.kubernetes.api import Api


@pytest.mark.parametrize("name", NAMES)
def test_a_cluster_comes_back_as_it_was(name: str, tmp_path: Path) -> None:
    path = "/api/v1/namespaces/default/configmaps"
    with running(name, tmp_path) as cluster:
        api = Api(cluster.kubeconfig())
        first = api.create(path, {"metadata": {"name": "kept"}, "data": {"k": "v"}}).ok
        api.create(path, {"metadata": {"name": "gone"}}).must()
        api.delete(f"{path}/gone").must()
        last = api.get(path).ok["metadata"]["resourceVersion"]
        api.close()
    with running(name, tmp_path) as cluster:
        api = Api(cluster.kubeconfig())
        assert api.get(f"{path}/kept").ok == first
        assert api.get(f"{path}/gone").code == 404
        again = api.create(path, {"metadata": {"name": "later"}}).ok
        assert int(again["metadata"]["resourceVersion"]) > int(last)
        with api.watch(path, resourceVersion="1") as watch:
            error = watch.until(lambda events: events)[0]
            watch.until_ended()
        assert error["type"] == "ERROR"
        assert {key: error["object"][key] for key in ("kind", "code", "reason", "status")} == {
            "kind": "Status",
            "code": 410,
            "reason": "Expired",
            "status": "Failure",
        }
        assert error["object"]["message"].startswith("too old resource version: 1 (")
        api.close()
