"""The programs that a sandbox consists of: command lines, ports, and the environment that tells where they are."""

from __future__ import annotations

import os
from typing import Any

from modeldeck.sandbox import gate, prometheus
from modeldeck.sandbox.layout import NAMESPACE, Layout, bind, read_json, write_atomically
from modeldeck.sandbox.metrics import SCRAPE_SECONDS
from modeldeck.sandbox.process import Program, clean_environment, python


class Programs:
    """Makes each program anew for each of its starts: a port that was taken meanwhile is another one then.

    `prometheus` is the real one's path; None is the stand-in.
    """

    def __init__(self, layout: Layout, lock: int, *, cluster: str, prometheus: str | None) -> None:
        self.layout, self.lock, self.real_cluster, self.prometheus = layout, lock, cluster == "real", prometheus
        self._ports: dict[str, Any] = read_json(layout.root / "ports.json") or {}
        self.environment: dict[str, object] = {
            "KUBECONFIG": str(layout.kubeconfig),
            "namespace": NAMESPACE,
            "pid": os.getpid(),
            "cluster": cluster,
            "metrics": "real" if prometheus else "embedded",
            gate.VARIABLE: gate.write(layout),
        }

    def mlflow(self) -> Program:
        descriptor, _ = self._listen("mlflow", "MLFLOW_TRACKING_URI")
        command = python("modeldeck.sandbox.registry", "--state", str(self.layout.root), "--fd", str(descriptor))
        return self._program("mlflow", command, descriptor)

    def cluster(self) -> Program:
        module = "modeldeck.sandbox.controlplane" if self.real_cluster else "kubesim"
        return self._program("cluster", python(module, "--state", str(self.layout.cluster)), grace=15)

    def node(self) -> Program:
        given = ("--kubeconfig", str(self.layout.kubeconfig), "--state", str(self.layout.node))
        command = python("modeldeck.sandbox.node", *given, "--mlflow", str(self.environment["MLFLOW_TRACKING_URI"]))
        return self._program("node", command, grace=10)

    def metrics(self) -> Program:
        descriptor, url = self._listen("metrics", "PROMETHEUS_URL")
        if self.prometheus is None:
            given = ("--targets", str(self.layout.targets), "--interval", str(SCRAPE_SECONDS), "--fd", str(descriptor))
            return self._program("metrics", python("modeldeck.sandbox.metrics", *given), descriptor)
        # Prometheus takes no socket, only an address; if somebody is quicker it ends, and its next start has another port.
        os.close(descriptor)
        (self.layout.metrics / "prometheus.yml").write_text(prometheus.configuration(self.layout.targets))
        port = int(url.rpartition(":")[2])
        return self._program("metrics", prometheus.command(self.prometheus, self.layout.metrics, port), grace=10)

    def traffic(self) -> Program:
        return self._program("traffic", python("modeldeck.sandbox.traffic", "--state", str(self.layout.root)))

    def _program(self, name: str, command: tuple[str, ...], *descriptors: int, grace: float = 5.0) -> Program:
        return Program(
            name,
            command,
            clean_environment(),
            self.layout.root,
            log=self.layout.logs / f"{name}.log",
            pid_file=self.layout.pids / name,
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
            write_atomically(self.layout.root / "ports.json", self._ports)
        self.environment[variable] = f"http://127.0.0.1:{port}"
        write_atomically(self.layout.environment, self.environment)
        return listener.detach(), str(self.environment[variable])
