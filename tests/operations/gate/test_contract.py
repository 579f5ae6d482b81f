"""Judgements on what a real Prometheus, where there is one, and the sandbox's stand-in have really scraped."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from modeldeck.domain.environments import PrometheusTarget
from modeldeck.domain.gates import Gate, GateVerdict, Judgement, Op, QueryCriterion
from modeldeck.domain.gates.judgement import CriterionResult, Trouble
from modeldeck.operations.gate import GateTarget, judge
from modeldeck.operations.gate.judging import examine
from modeldeck.sandbox.prometheus import installed as binary
from modeldeck.sources.prometheus.client import PrometheusMetrics
from tests.conformance.controlplane import launch
from tests.sources.conftest import wait_for
from tests.support import metrics_servers
from tests.support.counted import CountedServer, Traffic
from tests.support.eventually import eventually, eventually_true
from tests.support.ports import free_port

PASS, FAIL, INSUFFICIENT, ERROR = GateVerdict.PASS, GateVerdict.FAIL, GateVerdict.INSUFFICIENT, GateVerdict.ERROR
REAL = binary.find() or launch.binary("prometheus")  # looked for before tests get a home of their own
WINDOW = 5
GATE = Gate(baseline=WINDOW, scrape=1, max_error_ratio=0.12, max_p99=0.5, tolerated_errors=0.1)
"""Margins for what can be told in so short a time."""
RATE = 500.0
QUICK = (("0.05", 0.5), ("0.1", 0.98), ("0.25", 1.0), ("0.5", 1.0), ("+Inf", 1.0))
SLOW = (("0.05", 0.1), ("0.1", 0.2), ("0.25", 0.5), ("0.5", 0.5), ("+Inf", 1.0))
AT_ONCE = 4000.0
BURST_AFTER = 5
"""Scrapes after which `burst` has failed 4000 times, before the next."""


def fastapi(
    age: float, *, errors: float = 0.0, rate: float = RATE, latency: tuple[tuple[str, float], ...] = QUICK, once: float = 0.0
) -> str:
    total = rate * age
    lines = [f'http_requests_total{{handler="/invocations",status="2xx"}} {total * (1 - errors)}']
    if errors or once:
        lines.append(f'http_requests_total{{handler="/invocations",status="5xx"}} {total * errors + once}')
    lines += [f'http_request_duration_highr_seconds_bucket{{le="{bound}"}} {total * share}' for bound, share in latency]
    return "\n".join(["# TYPE http_requests_total counter", *lines, 'odd{kind="nan"} NaN', 'odd{kind="inf"} +Inf', ""])


def triton(age: float) -> str:
    return f"nv_inference_request_success {RATE * age}\nnv_inference_request_failure 0\n"


def relabelled(age: float, status: str) -> str:
    """One request in five fails, told by another label, by none (""), or by codes instead of classes."""
    text = fastapi(age, errors=0.2).replace("2xx", "200").replace("5xx", "500")
    if status:
        return text.replace('status="', f'{status}="')
    return text.replace('status="200"', 'method="GET"').replace('status="500"', 'method="POST"')


def disordered(age: float) -> str:
    """A histogram whose buckets do not rise, which Prometheus mends and says so."""
    return fastapi(age) + f'mad_bucket{{le="1"}} {9 * age}\nmad_bucket{{le="2"}} {5 * age}\nmad_bucket{{le="+Inf"}} {10 * age}\n'


class Burst:
    def __init__(self) -> None:
        self.scrapes = 0

    def __call__(self, age: float) -> str:
        self.scrapes += 1
        return fastapi(age, once=AT_ONCE if self.scrapes > BURST_AFTER else 0.0)


PODS: dict[str, Callable[[float], str]] = {
    "old": fastapi,
    "good": fastapi,
    "failing": lambda age: fastapi(age, errors=0.4),
    "slow": lambda age: fastapi(age, latency=SLOW),
    "quiet": lambda age: fastapi(age, rate=1.0, errors=0.5),
    "codes": lambda age: relabelled(age, "status"),
    "code": lambda age: relabelled(age, "code"),
    "untold": lambda age: relabelled(age, ""),
    "triton": triton,
    "disordered": disordered,
    "silent": lambda age: "up_and_running 1\n",
}


@contextlib.contextmanager
def exposed(text: Callable[[float], str]) -> Iterator[str]:
    began = time.monotonic()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(text(time.monotonic() - began).encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join(10)


@dataclass
class Served:
    kind: str
    url: str
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(30)


@contextlib.contextmanager
def serving(kind: str, folder: Path) -> Iterator[Served]:
    """A server that scrapes every pod each second."""
    pods: dict[str, Callable[[float], str]] = {**PODS, "burst": Burst()}
    with contextlib.ExitStack() as stack:
        addresses = {name: stack.enter_context(exposed(text)) for name, text in pods.items()}
        yield stack.enter_context(scraping(kind, folder, addresses, seconds=1))


@contextlib.contextmanager
def scraping(kind: str, folder: Path, addresses: Mapping[str, str], *, seconds: int) -> Iterator[Served]:
    groups = [
        {"targets": [address], "labels": {"namespace": "serving", "pod": f"iris-{name}-abcde"}} for name, address in addresses.items()
    ]
    targets = folder / "targets.json"
    targets.write_text(json.dumps(groups))
    command, url, inherited = _real(folder, targets, seconds) if kind == "real" else _stand_in(targets, seconds)
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, pass_fds=[s.fileno() for s in inherited], start_new_session=True)
    for listener in inherited:
        listener.close()
    served = Served(kind, url, process)
    try:
        wait_for(f"{url}/-/ready", process, log)
        yield served
    finally:
        if process.poll() is None:
            served.kill()


def _real(folder: Path, targets: Path, seconds: int) -> tuple[list[str], str, list[socket.socket]]:
    if REAL is None:
        pytest.skip("no prometheus binary: set MODELDECK_PROMETHEUS_BIN or put it on PATH")
    (folder / "prometheus.yml").write_text(binary.configuration(targets, seconds))
    port = free_port()
    return list(metrics_servers.command(REAL, folder, port)), f"http://127.0.0.1:{port}", []


def _stand_in(targets: Path, seconds: int) -> tuple[list[str], str, list[socket.socket]]:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    given = ["--targets", str(targets), "--fd", str(listener.fileno()), "--interval", str(seconds)]
    command = [sys.executable, "-m", "modeldeck.sandbox.prometheus", *given]
    return command, f"http://127.0.0.1:{listener.getsockname()[1]}", [listener]


@pytest.fixture(scope="module", params=["real", "stand-in"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(request.param, tmp_path_factory.mktemp("gate")) as running:
        yield running


@pytest.fixture
async def metrics(served: Served) -> AsyncIterator[PrometheusMetrics]:
    source = PrometheusMetrics(PrometheusTarget(served.url))

    async def scraped_for_long_enough() -> bool:
        earlier = (await source.query("count(up)", at=time.time() - 2 * WINDOW - 1)).samples
        return [sample.value for sample in earlier] == [len(PODS) + 1]

    await eventually_true(scraped_for_long_enough, within=90)
    yield source
    await source.aclose()


async def remarks(metrics: PrometheusMetrics, served: Served) -> bool:
    """Whether the server remarks upon queries that it answers: Prometheus does since 2.48 (its pull request 12152), so does Thanos, and the
    stand-in never."""
    major, minor, *_ = (await metrics.ping()).split(".")
    return served.kind == "real" and (metrics_servers.is_thanos(REAL) or (int(major), int(minor)) >= (2, 48))


async def judged(metrics: PrometheusMetrics, pod: str, gate: Gate = GATE) -> Judgement:
    now = time.time()
    target = GateTarget("serving", "iris", (f"iris-{pod}",), ("iris-old",), now - WINDOW, "iris", "4")
    return await judge(gate, target, metrics, now=now)


def named(judgement: Judgement) -> dict[str, CriterionResult]:
    return {result.name: result for result in judgement.criteria}


async def test_pass(metrics: PrometheusMetrics) -> None:
    found = await judged(metrics, "good")
    results = named(found)
    assert found.verdict is PASS, found.message
    assert found.requests == pytest.approx(RATE * WINDOW, rel=0.4)
    assert results["error ratio"].value == 0.0, "no series of failed requests is none of them"
    assert results["p99"].value == pytest.approx(0.175, rel=0.05)
    assert results["p99 vs before"].value == pytest.approx(1.0, rel=0.05)


@pytest.mark.parametrize(("pod", "failing"), [("failing", "error ratio"), ("slow", "p99")])
async def test_fail(metrics: PrometheusMetrics, pod: str, failing: str) -> None:
    found = await judged(metrics, pod)
    assert found.verdict is FAIL
    assert {result.name for result in found.criteria if result.verdict is FAIL} == {failing, f"{failing} vs before"}


async def test_the_queries_that_are_told_say_the_same(metrics: PrometheusMetrics) -> None:
    found = await judged(metrics, "failing")
    for name in ("error ratio", "p99"):
        result = named(found)[name]
        (sample,) = (await metrics.query(result.query, at=found.at)).samples
        assert sample.value == pytest.approx(result.value, rel=0.05)


async def test_few_requests(metrics: PrometheusMetrics) -> None:
    found = await judged(metrics, "quiet")
    assert found.verdict is INSUFFICIENT
    assert Trouble.UNDECIDED in {result.trouble for result in found.criteria}


@pytest.mark.parametrize("pod", ["silent", "nobody"])
async def test_nothing_of_a_model_server(metrics: PrometheusMetrics, pod: str) -> None:
    found = await judged(metrics, pod)
    assert found.verdict is INSUFFICIENT
    assert {result.trouble for result in found.criteria} == {Trouble.NO_METRIC}


@pytest.mark.parametrize("pod", ["codes", "code"])
async def test_failures_are_told_by_the_label_that_is_there(metrics: PrometheusMetrics, pod: str) -> None:
    found = named(await judged(metrics, pod))["error ratio"]
    assert found.verdict is FAIL
    assert found.value == pytest.approx(0.2, rel=0.02)


async def test_failures_that_no_label_tells_are_not_known(metrics: PrometheusMetrics) -> None:
    found = named(await judged(metrics, "untold"))["error ratio"]
    assert (found.verdict, found.value, found.trouble) == (INSUFFICIENT, None, Trouble.NO_METRIC)


async def test_a_counter_without_total_in_its_name_is_no_partial_data(metrics: PrometheusMetrics, served: Served) -> None:
    told = (await metrics.query("sum(rate(nv_inference_request_success[5s]))")).warnings
    assert bool(told) == await remarks(metrics, served)
    gate = replace(GATE, max_p99=None, max_p99_ratio=None, max_error_rise=None)
    found = await judged(metrics, "triton", gate)
    (errors,) = found.criteria
    assert errors.requests
    assert (found.verdict, errors.trouble, errors.warnings) == (INSUFFICIENT, Trouble.NO_METRIC, ())
    assert "no failure was counted, which proves nothing" in errors.message


async def test_failures_that_all_came_between_two_scrapes(metrics: PrometheusMetrics, served: Served) -> None:
    """increase() of the series that they made is 0 from its first sample to its last; VictoriaMetrics guesses."""
    increase = 'increase(http_requests_total{pod="iris-burst-abcde",status="5xx"}[1m])'
    (series,) = (await metrics.query(increase, at=time.time())).samples
    assert series.value == 0.0 or (served.kind == "real" and metrics_servers.is_victoria(REAL))
    appeared = await _appeared(metrics)
    target = GateTarget("serving", "iris", ("iris-burst",))
    found = await judge(replace(GATE, max_error_rise=None, max_p99_ratio=None), target, metrics, now=appeared + WINDOW - 3)
    ratio = named(found)["error ratio"]
    assert ratio.verdict is FAIL
    assert ratio.value is not None
    assert ratio.value > 0.3


async def _appeared(metrics: PrometheusMetrics) -> float:
    """When the series of failed requests came into being, to the second."""
    found = await metrics.samples('http_requests_total{pod="iris-burst-abcde",status="5xx"}', seconds=3600, at=time.time())
    return found.series[0].points[0][0]


def own(query: str) -> Gate:
    return replace(GATE, criteria=(QueryCriterion("mine", query, Op.AT_MOST, 1e9),))


@pytest.mark.parametrize(
    ("query", "verdict", "trouble"),
    [
        ('sum(increase(http_requests_total{namespace="{namespace}",pod=~"{pods}"}[{window}]))', PASS, None),
        ("http_requests_total", ERROR, Trouble.SEVERAL_SERIES),
        ("sum(", ERROR, Trouble.REJECTED),
        ("http_requests_total[5m]", ERROR, Trouble.REJECTED),
        ("no_such_function(up)", ERROR, Trouble.REJECTED),
        ("no_such_metric", INSUFFICIENT, Trouble.NO_DATA),
        ('max(odd{pod=~"{pods}",kind="nan"})', INSUFFICIENT, Trouble.NO_DATA),
        ('max(odd{pod=~"{pods}",kind="inf"})', INSUFFICIENT, Trouble.NO_DATA),
        ('sum(up{pod=~"{pods}"}) / 0 * 0', INSUFFICIENT, Trouble.NO_DATA),
    ],
)
async def test_a_query_of_ones_own(metrics: PrometheusMetrics, query: str, verdict: GateVerdict, trouble: Trouble | None) -> None:
    found = await judged(metrics, "good", own(query))
    mine = named(found)["mine"]
    assert (mine.verdict, mine.trouble) == (verdict, trouble), mine.message
    assert found.verdict is verdict
    assert named(found)["error ratio"].verdict is PASS


async def test_a_hostile_model_name_asks_for_itself_only(metrics: PrometheusMetrics) -> None:
    name = 'x"} or vector(1) or up{pod=~".*'
    target = GateTarget("serving", "iris", ("iris-good",), model=name, version="\\")
    found = await judge(own('sum(up{model="{model}",version=~"{version}"})'), target, metrics, now=time.time())
    assert named(found)["mine"].trouble is Trouble.NO_DATA


async def test_what_prometheus_remarks_upon_cannot_pass(metrics: PrometheusMetrics, served: Served) -> None:
    query = 'histogram_quantile(0.5, sum by (le) (rate(mad_bucket{pod=~"{pods}"}[{window}])))'
    mine = named(await judged(metrics, "disordered", own(query)))["mine"]
    if await remarks(metrics, served):
        assert (mine.verdict, mine.trouble) == (INSUFFICIENT, Trouble.PARTIAL)
        assert "monotonic" in mine.warnings[0]
    else:  # mended in silence
        assert (mine.verdict, mine.warnings) == (PASS, ())


@pytest.mark.parametrize("kind", ["real", "stand-in"])
async def test_a_server_that_has_stopped(kind: str, tmp_path: Path) -> None:
    with serving(kind, tmp_path) as running:
        source = PrometheusMetrics(PrometheusTarget(running.url))
        assert (await judged(source, "good")).verdict is INSUFFICIENT
        running.kill()
        found = await judged(source, "good", own("up"))
        await source.aclose()
    assert found.verdict is ERROR
    assert {(result.verdict, result.trouble) for result in found.criteria} == {(ERROR, Trouble.UNREACHABLE)}


@pytest.mark.parametrize("kind", ["real", "stand-in"])
async def test_what_is_counted_is_what_was_really_sent_and_failed(kind: str, tmp_path: Path) -> None:
    """Scraped every two seconds; with up to a minute: tests/bench/counting.py. Failures begin late, and a container restarts between."""
    pods = [CountedServer(), CountedServer()]
    addresses = {f"counted{number}": pod.address for number, pod in enumerate(pods)}
    with scraping(kind, tmp_path, addresses, seconds=2) as running, Traffic([], 80.0).flowing() as traffic:
        metrics = PrometheusMetrics(PrometheusTarget(running.url))

        async def all_scraped() -> None:
            """Since now."""
            now = time.time()

            async def they_are() -> bool:
                found = await metrics.samples("up", seconds=120, at=time.time())
                return sum(series.points[-1][0] > now for series in found.series) == len(pods)

            await eventually_true(they_are, within=60)

        async def served(more: int) -> None:
            wanted = traffic.sent + more
            await eventually(lambda: traffic.sent >= wanted, within=60)

        await all_scraped()
        start = time.time()
        traffic.servers = pods
        await served(150)
        await all_scraped()
        for pod in pods:
            pod.failing = True
        await served(150)
        traffic.servers = pods[1:]
        await all_scraped()
        pods[0].restart()
        traffic.servers = pods
        await served(150)
        traffic.servers = []
        await all_scraped()
        now = time.time()
        target = GateTarget("serving", "iris", ("iris-counted0", "iris-counted1"))
        found = await examine(replace(GATE, scrape=2, max_error_rise=None), target, metrics, now=now, elapsed=now - start + 1)
        await metrics.aclose()
    assert traffic.failed > 20
    assert found.new.requests.value == pytest.approx(traffic.sent, rel=0.02)
    assert found.new.failed.value == pytest.approx(traffic.failed, rel=0.02)
    for pod in pods:
        pod.close()
