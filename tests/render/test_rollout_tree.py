from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.kubernetes.workloads import Fleet
from modeldeck.domain.links.links import LinkPatterns
from modeldeck.render.cell import line_text
from modeldeck.render.rollout_tree import tree_of
from tests.support import operations as ops
from tests.support import sample


def text(fleet: Fleet, key: str = "serving/iris", width: int = 200) -> list[str]:
    return [line_text(line).rstrip() for line in tree_of(fleet, key, LinkPatterns(), ops.NOW, width=width)]


def test_deployment_replica_sets_and_pods() -> None:
    assert text(ops.rolling_fleet()) == [
        " serving/iris  r4  3/3 ready",
        ' Waiting for deployment "iris" rollout to finish: 2 out of 3 new replicas have been updated...',
        " ├─ r4   v9   1/2 ready  42 s  rs-iris-4",
        " │  ├─ ● iris-59c7f4d88-bbbbb  Running           40 s",
        " │  └─ ○ iris-59c7f4d88-ccccc  CrashLoopBackOff  2 restarts  20 s  back-off 20s restarting failed container",
        " ├─ r3   v7   2/2 ready  4 d  rs-iris-3",
        " │  ├─ ● iris-7d9f8b6c5-bbbbb  Running  10 m",
        " │  └─ ● iris-7d9f8b6c5-ccccc  Running  10 m",
        " ├─ r2   v6   0/0 ready  9 d  rs-iris-2",
        " └─ 1 older revision without pods",
    ]


def test_a_pod_that_no_node_takes_says_why() -> None:
    fleet = ops.rolling_fleet()
    pods = tuple(replace(pod, reason="Pending", message="", unscheduled="0/1 nodes are available") for pod in fleet.pods)
    assert any(line.endswith("20 s  0/1 nodes are available") for line in text(replace(fleet, pods=pods)))


def test_where_there_is_no_room_pods_go_by_the_end_of_their_names() -> None:
    lines = text(ops.rolling_fleet(), width=50)
    assert any("○ …ccccc  CrashLoopBackOff  2 restarts" in line for line in lines)


def test_a_deployment_that_is_not_looked_at_is_said() -> None:
    assert text(sample.FLEET, "other/iris") == [" other/iris is not among the deployments that are looked at here"]


def test_the_last_branch_ends() -> None:
    lines = text(replace(sample.FLEET, replica_sets=tuple(rs for rs in sample.FLEET.replica_sets if rs.revision == 3)))
    assert lines[2].startswith(" └─ r3")
    assert lines[-1].startswith("    └─ ●")


@given(st.integers(10, 200), st.integers(0, 3))
def test_every_pod_is_there(width: int, index: int) -> None:
    fleet = ops.rolling_fleet()
    deployment = fleet.deployments[min(index, len(fleet.deployments) - 1)]
    lines = text(fleet, deployment.key, width)
    own = {found.uid for found in fleet.replica_sets if found.owner_uid == deployment.uid}
    pods = [pod for pod in fleet.pods if pod.owner_uid in own]
    assert sum("● " in line or "○ " in line for line in lines) == len(pods)
