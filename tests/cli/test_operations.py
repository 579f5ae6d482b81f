"""`modeldeck operations`: what was done, here and elsewhere."""

from __future__ import annotations

from modeldeck.domain.identity import ClusterId
from tests.cli.conftest import Shell


def test_operations_of_other_clusters_are_left_out_and_told_with_all(shell: Shell) -> None:
    done = shell("promote", "iris", "2", "--deployment", "serving/iris", "--yes", "-o", "json").json
    assert done["cluster"] == "uid:uid-of-kube-system"
    assert [one["id"] for one in shell("operations", "list", "-o", "json").json["operations"]] == [done["id"]]
    shell.fake.cluster.id = ClusterId("uid of another kube-system", shell.fake.cluster.id.address)
    said = shell("operations", "list", "-o", "json")
    assert said.json["operations"] == []
    assert "1 operations of other clusters are left out: --all" in said.err
    assert [one["id"] for one in shell("operations", "list", "--all", "-o", "json").json["operations"]] == [done["id"]]


def test_operations_list_show_and_undo(shell: Shell) -> None:
    assert shell("operations").out.strip() == "no operations yet"
    done = shell("promote", "iris", "2", "--deployment", "serving/iris", "--yes", "-o", "json").json
    assert [entry["id"] for entry in shell("operations", "list", "-o", "json").json["operations"]] == [done["id"]]
    assert shell("operations", "show", done["id"], "-o", "json").json == done
    assert "alias champion of iris: 1 → 2" in shell("operations", "show", done["id"]).out
    assert shell("operations", "show").code == 2
    assert shell("operations", "show", "nobody").code == 3
    assert shell("operations", "undo", done["id"]).code == 2
    refused = shell("operations", "undo", done["id"], "--yes", "-o", "json")
    assert refused.code == 3
    assert refused.json["error"]["code"] == "conflict"
