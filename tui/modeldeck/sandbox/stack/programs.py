"""The programs that a sandbox consists of: command lines, ports, and the environment that tells where they are."""

from __future__ import annotations

import os
from typing import Any

from modeldeck.sandbox.common.files import read_json, write_json
from modeldeck.sandbox.common.state_dir import NAMESPACE, StateDir, bind
from modeldeck.sandbox.deployments import gate
from modeldeck.sandbox.processes.process import Program, clean_environment, python
from modeldeck.sandbox.prometheus import SCRAPE_SECONDS, installed


class Programs:
    """Makes each program anew for each of its starts: a port that was taken meanwhile is another one then.

    `prometheus` is the real one's path; None is the stand-in.
    """

    def __init__(self, state_dir: StateDir, lock: int, *, cluster: str, prometheus: str | None) -> None:
        self.state_dir, self.lock, self.real_cluster, self.prometheus = state_dir, lock, cluster == "real", prometheus
        self._ports: dict[str, Any] = read_json(state_dir.root / "ports.json") or {}
        self.environment: dict[str, object] = {
            "KUBECONFIG": str(state_dir.kubeconfig),
            "namespace": NAMESPACE,
            "pid": os.getpid(),
            "cluster": cluster,
            "metrics": "real" if prometheus else "embedded",
            gate.VARIABLE: gate.write(state_dir),
        }

    def mlflow(self) -> Program:
        descriptor, _ = self._listen("mlflow", "MLFLOW_TRACKING_URI")
        command = python("modeldeck.sandbox.mlflow_server", "--state", str(self.state_dir.root), "--fd", str(descriptor))
        return self._program("mlflow", command, descriptor)

    def cluster(self) -> Program:
        module = "modeldeck.sandbox.control_plane.control_plane" if self.real_cluster else "kubesim"
        return self._program("cluster", python(module, "--state", str(self.state_dir.cluster)), grace=15)

    def node(self) -> Program:
        given = ("--kubeconfig", str(self.state_dir.kubeconfig), "--state", str(self.state_dir.node))
        command = python("modeldeck.sandbox.node", *given, "--mlflow", str(self.environment["MLFLOW_TRACKING_URI"]))
        return self._program("node", command, grace=10)

    def metrics(self) -> Program:
        descriptor, url = self._listen("metrics", "PROMETHEUS_URL")
        if self.prometheus is None:
            given = ("--targets", str(self.state_dir.targets), "--interval", str(SCRAPE_SECONDS), "--fd", str(descriptor))
            return self._program("metrics", python("modeldeck.sandbox.prometheus", *given), descriptor)
        # Prometheus takes no socket, only an address; if somebody is quicker it ends, and its next start has another port.
        os.close(descriptor)
        (self.state_dir.metrics / "prometheus.yml").write_text(installed.configuration(self.state_dir.targets))
        port = int(url.rpartition(":")[2])
        return self._program("metrics", installed.command(self.prometheus, self.state_dir.metrics, port), grace=10)

    def traffic(self) -> Program:
        return self._program("traffic", python("modeldeck.sandbox.traffic", "--state", str(self.state_dir.root)))

    def _program(self, name: str, command: tuple[str, ...], *descriptors: int, grace: float = 5.0) -> Program:
        return Program(
            name,
            command,
            clean_environment(),
            self.state_dir.root,
            log=self.state_dir.logs / f"{name}.log",
            pid_file=self.state_dir.pids / name,
            descriptors=descriptors,
            held=(self.lock,),
            grace=grace,
        )

    def _listen(self, name: str, variable: str) -> tuple[int, str]:
        """A bound socket, on the port that the program had last time where that is free; the environment says where it is."""
        listener = bind(self._ports.get(name))
        port = listener.getsockname()[1]
        if self._ports.get(name) != port:
            self._ports[name] = port
            write_json(self.state_dir.root / "ports.json", self._ports)
        self.environment[variable] = f"http://127.0.0.1:{port}"
        write_json(self.state_dir.environment, self.environment)
        return listener.detach(), str(self.environment[variable])
