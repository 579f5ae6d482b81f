"""`python -m modeldeck.sandbox.traffic --state DIR`: a few requests a second to every service, for as long as it runs.

Rows come from the data sets that the models were trained on; the service's URL from the node's proxy. Neither an outage nor a service
that is not there yet ends it: that is what an operator wants to see in the charts. STATE/traffic/counts.json says, every second, how
many requests were answered and how many were not. On standard output: `ready N services` once every service has answered.
"""

from __future__ import annotations

import argparse
import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from modeldeck.sandbox.common.files import read_json, write_json
from modeldeck.sandbox.common.state_dir import NAMESPACE, StateDir

RETRY_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Flow:
    """What a service gets: the rows of a model's data set, and how many requests a second, on average."""

    model: str
    rate: float


# More where more pods share it, and enough for a gate to decide in half a minute (deployments/gate.py). An answer costs about 15 ms of
# processor time: these together a fifth of a core.
SERVICES = {
    "iris": Flow("iris", 4.0),
    "wine": Flow("wine", 3.0),
    "breast-cancer": Flow("breast-cancer", 3.0),
    "digits": Flow("digits", 2.5),
    "legacy-scorer": Flow("wine", 0.5),
}


@dataclass(slots=True)
class RequestCounts:
    """What became of the requests to one service."""

    answered: int = 0
    failed: int = 0
    statuses: Counter[str] = field(default_factory=Counter)

    def add(self, status: str) -> None:
        if status == "200":
            self.answered += 1
        elif self.answered:
            self.failed += 1
        else:
            return  # it is still coming up for the first time
        self.statuses[status] += 1


class Traffic:
    """Sends rows to the services at random moments, as visitors come."""

    def __init__(self, state_dir: StateDir, factor: float) -> None:
        self.state_dir, self.factor = state_dir, factor
        self.counts = {service: RequestCounts() for service in SERVICES}
        self.all_answered = asyncio.Event()

    async def run(self) -> None:
        limits = httpx.Limits(max_keepalive_connections=len(SERVICES))
        async with httpx.AsyncClient(timeout=10, limits=limits, trust_env=False) as client, asyncio.TaskGroup() as group:
            for service, flow in SERVICES.items():
                group.create_task(self.send_to(client, service, flow.model, flow.rate * self.factor))
            group.create_task(self.report())
            await self.all_answered.wait()
            print(f"ready {len(SERVICES)} services", flush=True)

    async def send_to(self, client: httpx.AsyncClient, service: str, model: str, rate: float) -> None:
        chance = random.Random(service)
        columns, rows = await self.rows_of(model)
        while True:
            url = (read_json(self.state_dir.proxy) or {}).get("url")
            if url is None:
                await asyncio.sleep(RETRY_SECONDS)
                continue
            body = {"dataframe_split": {"columns": columns, "data": chance.sample(rows, chance.randint(1, 3))}}
            try:
                answer = await client.post(f"{url}/{NAMESPACE}/{service}/invocations", json=body)
                self.counts[service].add(str(answer.status_code))
            except httpx.HTTPError as error:
                self.counts[service].add(type(error).__name__)
            if all(each.answered for each in self.counts.values()):
                self.all_answered.set()
            pause = chance.expovariate(rate) if self.counts[service].answered else RETRY_SECONDS
            await asyncio.sleep(min(pause, 3 / rate))

    async def rows_of(self, model: str) -> tuple[list[str], list[list[float]]]:
        """The model's rows, once the training has left them."""
        while True:
            found = (read_json(self.state_dir.rows) or {}).get(model)
            if isinstance(found, dict):
                return found["columns"], found["rows"]
            await asyncio.sleep(RETRY_SECONDS)

    async def report(self) -> None:
        while True:
            rows = {
                service: {"answered": each.answered, "failed": each.failed, "statuses": dict(each.statuses)}
                for service, each in self.counts.items()
            }
            write_json(self.state_dir.traffic / "counts.json", rows)
            await asyncio.sleep(1)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m modeldeck.sandbox.traffic")
    parser.add_argument("--state", type=Path, required=True, help="the sandbox's folder")
    parser.add_argument("--factor", type=float, default=1.0, help="how much more than the usual few requests a second")
    arguments = parser.parse_args()
    asyncio.run(Traffic(StateDir(arguments.state), arguments.factor).run())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
