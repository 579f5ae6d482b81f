"""`python -m tests.bench.synthetic_prometheus FILE`: a Prometheus of made-up servers that costs little, as who asks it is measured.

FILE has the pods as JSON, `["namespace/pod", …]`. Prints `ready ADDRESS`; `/asked` answers how often each path was asked.
"""

from __future__ import annotations

import json
import math
import re
import sys
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

BOUNDS = ("0.005", "0.01", "0.025", "0.05", "0.075", "0.1", "0.25", "0.5", "0.75", "1", "2.5", "5", "10", "+Inf")
EXPORTED = ("http_requests_total", "http_request_duration_highr_seconds_bucket")
PODS: list[tuple[str, str]] = []
ASKED: Counter[str] = Counter()


def rate(number: int, at: float) -> float:
    """Requests a second of a pod."""
    return 3.0 + math.sin(at / 300 + number)


def series(promql: str) -> list[tuple[dict[str, str], int, float]]:
    """Labels, which pod, and its share of the pod's requests."""
    selected = re.search(r'pod=~"([^"]*)"', promql)
    wanted = re.compile(selected[1].replace("\\\\", "\\")) if selected else None
    pods = [(number, *pod) for number, pod in enumerate(PODS) if wanted is None or wanted.fullmatch(pod[1])]
    own = [({"namespace": namespace, "pod": pod}, number) for number, namespace, pod in pods]
    if "count by (__name__" in promql:
        return [({**labels, "__name__": name, "status": "2xx", "le": "+Inf"}, number, 1.0) for labels, number in own for name in EXPORTED]
    if "_bucket" in promql:
        shares = [min(1.0, (place + 1) / 7) for place in range(len(BOUNDS))]
        return [({**labels, "le": bound}, number, share) for labels, number in own for bound, share in zip(BOUNDS, shares, strict=True)]
    if '5.."' in promql or "_total" not in promql:
        return []
    return [(labels, number, 1.0) for labels, number in own]


def answer(path: str, given: dict[str, str]) -> object:
    if path == "/asked":
        return dict(ASKED)
    ASKED[path] += 1
    if path == "/api/v1/status/buildinfo":
        return {"status": "success", "data": {"version": "3.0.0"}}
    found = series(given.get("query", ""))
    if path == "/api/v1/query_range":
        start, end, step = (float(given[name]) for name in ("start", "end", "step"))
        moments = [start + step * count for count in range(int((end - start) / step) + 1)]
        rates = {number: [rate(number, at) for at in moments] for _, number, _ in found}
        result: list[object] = [
            {"metric": labels, "values": [[at, f"{each * share:.4f}"] for at, each in zip(moments, rates[number], strict=True)]}
            for labels, number, share in found
        ]
        return {"status": "success", "data": {"resultType": "matrix", "result": result}}
    now = float(given.get("time") or time.time())
    result = [{"metric": labels, "value": [now, f"{rate(number, now) * share:.4f}"]} for labels, number, share in found]
    return {"status": "success", "data": {"resultType": "vector", "result": result}}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(urlsplit(self.path).query)

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])).decode())

    def _answer(self, form: str) -> None:
        given = {name: values[0] for name, values in parse_qs(form).items()}
        body = json.dumps(answer(urlsplit(self.path).path, given)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


def main() -> None:
    for key in json.loads(Path(sys.argv[1]).read_text()):
        namespace, _, pod = key.partition("/")
        PODS.append((namespace, pod))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(f"ready http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
