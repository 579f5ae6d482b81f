"""A program's /metrics whose every value is known: constants, and counters that rise by the clock."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CONSTANTS = """\
# HELP gauge A gauge that never moves.
# TYPE gauge gauge
gauge{zone="a",shelf="1"} 1
gauge{zone="a",shelf="2"} 2.5
gauge{zone="b",shelf="1"} 4
gauge{zone="b",shelf="2"} -8
gauge{zone="b.b",shelf="3",note="a \\"quoted\\" \\\\ text\\nin two lines"} 0
# TYPE other gauge
other{zone="a",shelf="1"} 10
other{zone="b",shelf="2"} 2
# TYPE odd gauge
odd{kind="nan"} NaN
odd{kind="inf"} +Inf
odd{kind="small"} 1.5e-07
# TYPE zero gauge
zero 0
# TYPE clash gauge
clash{pod="mine",zone="a"} 3
"""
SLOPE = 5.0
"""How fast `steady_total` rises, a second."""
BOUNDS = (("0.1", 0.5), ("0.2", 0.9), ("0.4", 1.0), ("+Inf", 1.0))
"""The histogram: half of all observations up to 0.1, four tenths up to 0.2, the rest up to 0.4."""


def exposition(elapsed: float, extra: bool) -> str:
    """The text after so many seconds; `extra` adds a series that can go away."""
    steady = SLOPE * elapsed
    lines = [
        "# HELP steady_total Rises steadily.",
        "# TYPE steady_total counter",
        f"steady_total {1000 + steady}",
        "# TYPE resetting_total counter",
        f"resetting_total {(SLOPE * elapsed) % 30}",
        "# TYPE wait_seconds histogram",
        *(f'wait_seconds_bucket{{le="{bound}"}} {share * steady}' for bound, share in BOUNDS),
        f"wait_seconds_sum {steady * 0.12}",
        f"wait_seconds_count {steady}",
    ]
    return CONSTANTS + "\n".join(lines) + "\n" + ("passing 1\n" if extra else "")


class Exporter:
    """Serves the exposition on loopback; `extra` can be switched off, `broken` answers 500."""

    def __init__(self) -> None:
        self.extra, self.broken = True, False
        began = time.monotonic()
        exporter = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = exposition(time.monotonic() - began, exporter.extra).encode()
                self.send_response(500 if exporter.broken else 200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Nothing: requests are not worth a line."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
