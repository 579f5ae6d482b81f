"""The real control plane itself: permissions, state that is kept, ports that are taken, ends that leave nothing behind."""

from __future__ import annotations

import json
import socket
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.conformance.clusters import Cluster, running, skip, until
from tests.conformance.controlplane import launch


def test_tokens_have_the_rights_that_roles_give_them_and_kubeconfigs_are_private(tmp_path: Path) -> None:
    with running("real", tmp_path / "run") as cluster:
        for user in ("admin", "view", "op"):
            assert stat.S_IMODE(cluster.kubeconfig(user).stat().st_mode) == 0o600
        assert _may(cluster, "admin", "create", "deployments")
        assert not _may(cluster, "view", "list", "pods")
        cluster.kubectl("create", "clusterrolebinding", "look", "--clusterrole=view", "--group=viewers")
        until("the aggregated role reaches viewers", lambda: _may(cluster, "view", "list", "pods"))
        assert not _may(cluster, "view", "patch", "deployments.apps")
        assert not _may(cluster, "op", "list", "pods")


def test_state_survives_and_a_taken_port_is_no_error(tmp_path: Path) -> None:
    with running("real", tmp_path / "run") as cluster:
        cluster.kubectl("create", "configmap", "kept", "--from-literal=a=b")
        first = json.loads((tmp_path / "run" / "ports.json").read_text())
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # the API server's own connections linger a minute
        taken.bind(("127.0.0.1", first["api"]))
        taken.listen()
        with running("real", tmp_path / "run") as cluster:
            assert cluster.get("configmap/kept")["data"] == {"a": "b"}
            assert json.loads((tmp_path / "run" / "ports.json").read_text())["api"] != first["api"]


def test_nothing_outlives_the_process_that_started_it(tmp_path: Path) -> None:
    if message := launch.missing():
        skip(message)
    program = (
        "import pathlib, sys, time; from tests.conformance.controlplane import launch; "
        "launch.start(pathlib.Path(sys.argv[1])); print('up', flush=True); time.sleep(600)"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "run")]
    starter = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3])
    assert starter.stdout
    assert starter.stdout.readline() == "up\n"
    family = psutil.Process(starter.pid).children(recursive=True)
    assert len(family) == 5, "a supervisor and four components"
    starter.kill()
    starter.wait()
    starter.stdout.close()
    until("all components ended", lambda: not psutil.wait_procs(family, timeout=0)[1])


def _may(cluster: Cluster, user: str, verb: str, resource: str) -> bool:
    try:
        return cluster.kubectl("auth", "can-i", verb, resource, user=user).strip() == "yes"
    except subprocess.CalledProcessError as refused:
        if refused.stdout.strip() != "no":
            pytest.fail(refused.stderr)
        return False
