"""`python -m modeldeck.sandbox.prometheus --targets FILE --fd N`: the stand-in for Prometheus.

On standard output: `ready http://127.0.0.1:PORT` once it answers.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.applications import Starlette

from modeldeck.sandbox.processes.ready_server import serve
from modeldeck.sandbox.prometheus import JOB, SCRAPE_SECONDS
from modeldeck.sandbox.prometheus.api import Api, application
from modeldeck.sandbox.prometheus.scrape import Scraper
from modeldeck.sandbox.prometheus.store import SeriesStore

RETENTION_SECONDS = 3600.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m modeldeck.sandbox.prometheus")
    parser.add_argument("--targets", type=Path, required=True, help="targets in Prometheus' file_sd format")
    parser.add_argument("--fd", type=int, required=True, help="a bound socket to listen on")
    parser.add_argument("--interval", type=float, default=SCRAPE_SECONDS, help="seconds between two scrapes of a target")
    parser.add_argument("--job", default=JOB, help="the job label of targets that name none")
    arguments = parser.parse_args()
    listener = socket.socket(fileno=arguments.fd)
    store = SeriesStore(RETENTION_SECONDS)
    scraper = Scraper(store, arguments.targets, interval=arguments.interval, job=arguments.job)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        task = asyncio.create_task(scraper.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait((task,))

    app = application(Api(store, scraper), lifespan)
    serve(app, listener)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
