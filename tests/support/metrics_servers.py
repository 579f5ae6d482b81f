"""How the servers that speak Prometheus' API are started: Prometheus itself, or VictoriaMetrics or Thanos in its place (by the binary's
name; Thanos wants a Prometheus on PATH)."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from modeldeck.sandbox.prometheus import installed


def is_victoria(binary: str | Path | None) -> bool:
    return binary is not None and Path(binary).name.startswith("victoria-metrics")


def is_thanos(binary: str | Path | None) -> bool:
    return binary is not None and Path(binary).name.startswith("thanos")


def command(binary: str | Path, folder: Path, port: int) -> tuple[str, ...]:
    """On loopback, its data and prometheus.yml in `folder`."""
    if is_thanos(binary):
        behind = shutil.which("prometheus") or "prometheus"
        return (sys.executable, "-m", "tests.support.thanos", str(binary), behind, str(folder), str(port))
    if not is_victoria(binary):
        return installed.command(str(binary), folder, port)
    return (
        str(binary),
        f"-promscrape.config={folder / 'prometheus.yml'}",
        "-promscrape.config.strictParse=false",
        "-promscrape.fileSDCheckInterval=1s",
        f"-storageDataPath={folder / 'data'}",
        f"-httpListenAddr=127.0.0.1:{port}",
        "-loggerLevel=ERROR",
    )
