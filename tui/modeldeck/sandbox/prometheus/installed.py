"""Where a real Prometheus is, how it is set up for the sandbox, and how to ask either kind of Prometheus a question."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import httpx

from modeldeck.sandbox.control_plane.control_plane import find as find_component
from modeldeck.sandbox.prometheus import JOB, LOOKBACK_SECONDS, SCRAPE_SECONDS


def find() -> str | None:
    """The prometheus binary: MODELDECK_PROMETHEUS_BIN, else in the folder KUBEBUILDER_ASSETS, else on PATH."""
    named = os.environ.get("MODELDECK_PROMETHEUS_BIN")
    if named:
        return named if os.access(named, os.X_OK) else None
    found = find_component("prometheus")
    return str(found) if found else None


def configuration(targets: Path, seconds: int = SCRAPE_SECONDS) -> str:
    """prometheus.yml (JSON is YAML, and quotes any path right): scrape what the node agent lists."""
    job = {"job_name": JOB, "file_sd_configs": [{"files": [str(targets)], "refresh_interval": "5s"}]}
    every = f"{seconds}s"
    return json.dumps({"global": {"scrape_interval": every, "scrape_timeout": every}, "scrape_configs": [job]}, indent=1)


def command(binary: str, folder: Path, port: int) -> tuple[str, ...]:
    """The command line of a real Prometheus on loopback, its data and prometheus.yml in `folder`."""
    return (
        binary,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        "--storage.tsdb.retention.time=1d",
        f"--query.lookback-delta={LOOKBACK_SECONDS}s",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    )


async def ready(url: str) -> bool:
    """Whether it answers queries."""
    async with httpx.AsyncClient(timeout=2, trust_env=False) as client:
        try:
            return (await client.get(f"{url}/-/ready")).is_success
        except httpx.HTTPError:
            return False


async def number(url: str, query: str) -> float | None:
    """The value of a query that has one result; None without a result or without an answer."""
    async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
        try:
            answer = await client.get(f"{url}/api/v1/query", params={"query": query})
            rows: Any = answer.json()["data"]["result"]
        except (httpx.HTTPError, ValueError, KeyError):
            return None
    return float(rows[0]["value"][1]) if rows else None
