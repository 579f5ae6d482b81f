"""Model servers that count what they really serve and fail, for holding what a gate counts against the truth."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

FAILING_ONE_IN = 8


class CountedServer:
    """One pod: GET /invocations answers 200, or 500 where it is told to fail; /metrics is the FastAPI instrumentator's."""

    def __init__(self, labels: str = "") -> None:
        """`labels`: more of them for each series, as they stand in braces."""
        self.served: list[tuple[float, bool]] = []
        """(seconds since the epoch, failed), over all restarts."""
        self.scrapes: dict[str, list[float]] = defaultdict(list)
        """When /metrics was asked for, by its `job` parameter."""
        self.failing = False
        self._labels = f",{labels}" if labels else ""
        self._counts = {"2xx": 0, "5xx": 0}
        self._turn = 0
        self._lock = threading.Lock()
        pod = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

            def do_GET(self) -> None:
                address = urlsplit(self.path)
                if address.path == "/metrics":
                    self._answer(200, pod._exposition(parse_qs(address.query).get("job", [""])[0]))
                else:
                    self._answer(500 if pod._counted() else 200, "{}")

            def _answer(self, status: int, text: str) -> None:
                body = text.encode()
                self.send_response(status)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.address = f"127.0.0.1:{self._server.server_address[1]}"

    def serve(self, count: int) -> None:
        """As if so many requests had come."""
        for _ in range(count):
            self._counted()

    def restart(self) -> None:
        """As its container would: everything counts from 0, and series are gone until something makes them again."""
        with self._lock:
            self._counts = {"2xx": 0, "5xx": 0}

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def between(self, start: float, end: float) -> tuple[int, int]:
        """Requests that it served in (start, end], and how many of them failed."""
        with self._lock:
            found = [failed for at, failed in self.served if start < at <= end]
        return len(found), sum(found)

    def rendered(self, job: str, at: float) -> float:
        """When it answered the scrape that Prometheus holds a sample of at this time: it was asked a moment later."""
        with self._lock:
            return min((one for one in self.scrapes[job] if one >= at - 0.01), default=at)

    def _counted(self) -> bool:
        with self._lock:
            self._turn += 1
            failed = self.failing and self._turn % FAILING_ONE_IN == 0
            self._counts["5xx" if failed else "2xx"] += 1
            self.served.append((time.time(), failed))
            return failed

    def _exposition(self, job: str) -> str:
        with self._lock:
            self.scrapes[job].append(time.time())
            counts = dict(self._counts)
        total = sum(counts.values())
        # As most clients do: a series is there from the first time that something is counted in it.
        lines = [
            f'http_requests_total{{handler="/invocations",status="{status}"{self._labels}}} {count}'
            for status, count in counts.items()
            if count
        ]
        lines += [f'http_request_duration_highr_seconds_bucket{{le="{bound}"{self._labels}}} {total}' for bound in ("0.1", "0.5", "+Inf")]
        return "\n".join(["# TYPE http_requests_total counter", *lines, ""])


class Traffic:
    """Requests that are really sent to servers by turns, so many a second, until the block ends."""

    def __init__(self, servers: Sequence[CountedServer], rate: float) -> None:
        self.servers = list(servers)
        """May be changed meanwhile; with none of them it is quiet."""
        self.sent = self.failed = 0
        self._pause = 1 / rate
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @contextlib.contextmanager
    def flowing(self) -> Iterator[Traffic]:
        self._thread.start()
        yield self
        self.stop()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(30)

    def _run(self) -> None:
        connections: dict[str, http.client.HTTPConnection] = {}
        turn, due = 0, time.monotonic()
        while not self._stop.wait(max(0.0, due - time.monotonic())):
            due = max(due + self._pause, time.monotonic() - 1)  # a busy machine catches up, but not for ever
            servers = list(self.servers)
            if not servers:
                continue
            turn += 1
            address = servers[turn % len(servers)].address
            connection = connections.setdefault(address, http.client.HTTPConnection(address, timeout=30))
            connection.request("GET", "/invocations")
            answer = connection.getresponse()
            answer.read()
            self.sent += 1
            self.failed += answer.status >= 500
