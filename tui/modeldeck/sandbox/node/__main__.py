"""`python -m modeldeck.sandbox.node --kubeconfig FILE --state DIR --mlflow URI`: the node agent as a process; prints `ready PROXY_URL`."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import signal
import sys
from pathlib import Path

from modeldeck.sandbox.node.agent import Agent, AgentSettings
from modeldeck.sandbox.node.container import RestartBackoff
from modeldeck.sandbox.processes.parent_death import parent_gone


async def _main(settings: AgentSettings, parent: int | None) -> None:
    stop, ready = asyncio.Event(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)

    async def announce() -> None:
        await ready.wait()
        print("ready", json.loads((settings.state / "proxy.json").read_text())["url"], flush=True)
        await asyncio.Event().wait()

    agent = asyncio.ensure_future(Agent(settings).run(ready))
    ends = [agent, *(asyncio.ensure_future(each) for each in (stop.wait(), parent_gone(parent), announce()))]
    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    for each in ends:
        each.cancel()
    await asyncio.gather(*ends, return_exceptions=True)
    if not agent.cancelled() and (error := agent.exception()):
        raise error


def main() -> int:
    """The agent's command line; ends on SIGTERM, SIGINT, SIGHUP, and with --parent."""
    parser = argparse.ArgumentParser(prog="python -m modeldeck.sandbox.node", description="Runs the pods of node-1 as model servers.")
    parser.add_argument("--kubeconfig", type=Path, required=True, help="an administrator's kubeconfig")
    parser.add_argument("--state", type=Path, required=True, help="folder for logs, certificates, targets.json, proxy.json, faults.json")
    parser.add_argument("--mlflow", required=True, help="tracking URI that models are loaded from")
    parser.add_argument("--proxy-port", type=int, default=0, help="port of the service proxy, where it is free")
    parser.add_argument("--backoff", type=float, default=1.0, help="first delay of CrashLoopBackOff in seconds; doubles up to 30 s")
    parser.add_argument("--parent", type=int, help="process id to end with")
    given = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    given.state.mkdir(parents=True, exist_ok=True)
    settings = AgentSettings(given.kubeconfig, given.state.resolve(), given.mlflow, RestartBackoff(given.backoff), given.proxy_port)
    asyncio.run(_main(settings, given.parent))
    return 0


if __name__ == "__main__":
    sys.exit(main())
