"""Prometheus behind what stands in front of it elsewhere: proxies that let only GET through, login pages, redirects, prefixes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from modeldeck.domain.environments import PrometheusTarget
from modeldeck.domain.failures import Failure, Faulty, Forbidden, InvalidQuery, Malformed, Rejected
from modeldeck.domain.gates.judgement import Trouble
from modeldeck.operations.gate.asking import unanswered
from modeldeck.sources.prometheus.client import PrometheusMetrics
from tests.support.canned import canned, response

GOOD = response(b'{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"2"]}]}}')
PAGE = b"<!DOCTYPE html><title>Sign in</title>"
Answer = Callable[[str, str], bytes]


async def asked(answer: Answer, *, prefix: str = "", times: int = 1) -> tuple[list[float] | Failure, list[str]]:
    """What a query brings, and the request lines that it took."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        method, path, _ = server.requests[number].decode().split(" ", 2)
        writer.write(answer(method, path))

    async with canned(talk) as server:
        metrics = PrometheusMetrics(PrometheusTarget(server.url + prefix))
        found: list[float] | Failure = []
        try:
            for _ in range(times):
                found = [sample.value for sample in (await metrics.query("sum(up)", at=12.5)).samples]
        except Failure as failure:
            found = failure
        await metrics.aclose()
    return found, [request.decode().partition("\r\n")[0] for request in server.requests]


@pytest.mark.parametrize("status", ["403 Forbidden", "405 Method Not Allowed", "404 Not Found", "501 Not Implemented", "400 Bad Request"])
@pytest.mark.parametrize("body", [PAGE, b"", b'{"message":"method not allowed"}'])
async def test_where_post_is_refused_get_is_asked_and_remembered(status: str, body: bytes) -> None:
    found, lines = await asked(lambda method, path: GOOD if method == "GET" else response(body, status), times=2)
    assert found == [2.0]
    assert [line.split()[0] for line in lines] == ["POST", "GET", "GET"]
    query = parse_qs(urlsplit(lines[1].split()[1]).query)
    assert (query["query"], query["time"]) == (["sum(up)"], ["12.500"])


async def test_a_post_that_is_sent_to_a_login_page_is_asked_as_get() -> None:
    login = response(b"", "302 Found", "Location: https://login.example/")
    found, _ = await asked(lambda method, path: GOOD if method == "GET" else login)
    assert found == [2.0]


async def test_where_both_are_refused_the_first_refusal_is_told() -> None:
    found, _ = await asked(lambda method, path: response(b"no entry", f"40{3 if method == 'POST' else 5} No", "Content-Type: text/plain"))
    assert isinstance(found, Forbidden)
    assert found.message == "no entry"


async def test_prometheus_own_words_are_not_asked_for_twice() -> None:
    body = b'{"status":"error","errorType":"bad_data","error":"parse error: unexpected end of input"}'
    found, lines = await asked(lambda method, path: response(body, "400 Bad Request"))
    assert isinstance(found, InvalidQuery)
    assert len(lines) == 1


async def test_a_redirect_on_the_same_server_is_followed_and_one_to_another_is_not() -> None:
    def moved(method: str, path: str) -> bytes:
        there = path.startswith("/prometheus/")
        return GOOD if there else response(b"", "307 Temporary Redirect", f"Location: /prometheus{path}")

    found, lines = await asked(moved)
    assert found == [2.0]
    assert [line.split()[1] for line in lines] == ["/api/v1/query", "/prometheus/api/v1/query"]
    circle, lines = await asked(lambda method, path: response(b"", "302 Found", f"Location: {path}x"))
    assert isinstance(circle, Rejected)
    assert len(lines) <= 8


async def test_a_login_page_is_said_to_be_one() -> None:
    found, _ = await asked(lambda method, path: response(PAGE, "200 OK", "Content-Type: text/html"))
    assert isinstance(found, Malformed)
    assert "login page" in found.hint
    to_login, _ = await asked(
        lambda method, path: response(PAGE) if path.startswith("/login") else response(b"", "302 Found", "Location: /login?next=x")
    )
    assert isinstance(to_login, Malformed)


@pytest.mark.parametrize("prefix", ["/prom", "/prom/", "/prom/graph", "/prom/api/v1", "/prom/api/v1/query"])
async def test_prefixes_and_what_people_copy_from_a_browser(prefix: str) -> None:
    found, lines = await asked(lambda method, path: GOOD, prefix=prefix)
    assert found == [2.0]
    assert lines[0].startswith("POST /prom/api/v1/query ")


ERROR = '{"status":"error","errorType":"%s","error":"%s"}'


@pytest.mark.parametrize(
    ("status", "body", "wrong"),
    [
        ("400 Bad Request", ERROR % ("bad_data", "parse error"), True),
        ("422 Unprocessable Entity", ERROR % ("execution", "many-to-many matching not allowed"), True),
        ("422 Unprocessable Entity", ERROR % ("422", "unknown function"), True),
        ("422 Unprocessable Entity", ERROR % ("execution", "proxy Series(): rpc error: code = Unavailable"), False),
        ("503 Service Unavailable", ERROR % ("timeout", "query timed out"), False),
        ("500 Internal Server Error", ERROR % ("internal", "boom"), False),
        ("400 Bad Request", "<html>Request Header Or Cookie Too Large", False),
        ("404 Not Found", "page not found", False),
        ("405 Method Not Allowed", "", False),
        ("413 Content Too Large", "", False),
        ("414 URI Too Long", "", False),
        ("421 Misdirected Request", "", False),
        ("302 Found", "", False),
        ("200 OK", ERROR % ("timeout", "query timed out"), False),
        ("200 OK", ERROR % ("bad_data", "parse error"), True),
        ("200 OK", "<html>", False),
    ],
)
async def test_only_prometheus_itself_can_call_a_query_wrong(status: str, body: str, wrong: bool) -> None:
    found, _ = await asked(lambda method, path: response(body.encode(), status))
    assert isinstance(found, Failure)
    assert isinstance(found, InvalidQuery) == wrong
    assert unanswered(found).trouble is (Trouble.REJECTED if wrong else Trouble.UNREACHABLE)


async def test_a_failure_behind_thanos_is_said_in_its_words() -> None:
    found, _ = await asked(lambda method, path: response((ERROR % ("timeout", "store gone")).encode(), "200 OK"))
    assert isinstance(found, Faulty)
    assert found.message == "store gone"


async def test_where_only_queries_are_let_through_it_is_still_there() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        writer.write(GOOD if b"/query " in server.requests[number] else response(b"", "403 Forbidden"))

    async with canned(talk) as server:
        metrics = PrometheusMetrics(PrometheusTarget(server.url))
        assert await metrics.ping() == ""
        await metrics.aclose()
