"""What a real Prometheus cannot be brought to answer."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from modeldeck.domain.environments import PrometheusTarget, Secret
from modeldeck.domain.failures import Failure, Faulty, Malformed, Rejected, TimedOut, TooLarge, Unauthorized, Unreachable
from modeldeck.sources.prometheus import session
from modeldeck.sources.prometheus.client import PrometheusMetrics, most_series
from tests.support.canned import always, canned, response

EMPTY = b'{"status":"success","data":{"resultType":"vector","result":[]}'


async def failure_of(metrics: PrometheusMetrics) -> Failure:
    with pytest.raises(Failure) as caught:
        await metrics.query("up")
    await metrics.aclose()
    return caught.value


async def test_warnings_and_infos_are_kept() -> None:
    async with canned(always(response(EMPTY + b',"warnings":["half of it"],"infos":["odd name"]}'))) as server:
        metrics = PrometheusMetrics(PrometheusTarget(server.url))
        assert (await metrics.query("up")).warnings == ("half of it", "odd name")
        await metrics.aclose()


async def test_questions_are_form_bodies_with_the_targets_headers_and_credentials() -> None:
    async with canned(always(response(EMPTY + b"}"))) as server:
        target = PrometheusTarget(server.url + "/base/", username="me", password=Secret("pw"), headers={"X-Scope-OrgID": Secret("team")})
        metrics = PrometheusMetrics(target)
        await metrics.query("sum(up)", at=12.5)
        await metrics.aclose()
    head, _, body = server.requests[0].decode().partition("\r\n\r\n")
    assert head.startswith("POST /base/api/v1/query HTTP/1.1")
    assert "Authorization: Basic bWU6cHc=" in head
    assert "X-Scope-OrgID: team" in head
    assert parse_qs(body) == {"query": ["sum(up)"], "time": ["12.500"], "timeout": ["9s"], "nocache": ["1"], "limit": ["50000"]}


async def test_marks_with_which_series_end_are_no_samples() -> None:
    """VictoriaMetrics hands them out; a series that is no number says so more than once."""
    points = {"ends": "1 2 NaN", "returns": "1 NaN 3", "ended": "NaN", "is none": "1 NaN NaN"}
    rows = [{"metric": {"a": name}, "values": [[at, text] for at, text in enumerate(values.split())]} for name, values in points.items()]
    body = json.dumps({"status": "success", "data": {"resultType": "matrix", "result": rows}}).encode()
    async with canned(always(response(body))) as server:
        metrics = PrometheusMetrics(PrometheusTarget(server.url))
        found = await metrics.samples("up", seconds=60, at=100.0)
        await metrics.aclose()
    told = {one.labels["a"]: " ".join(f"{value:g}" for _, value in one.points) for one in found.series}
    assert told == {"ends": "1 2", "returns": "1 3", "is none": "1 nan nan"}


async def test_a_503_keeps_its_reason_and_is_not_asked_again() -> None:
    body = b'{"status":"error","errorType":"timeout","error":"query timed out in expression evaluation"}'
    async with canned(always(response(body, "503 Service Unavailable"))) as server:
        failure = await failure_of(PrometheusMetrics(PrometheusTarget(server.url)))
    assert (type(failure), failure.message) == (Faulty, "query timed out in expression evaluation")
    assert len(server.requests) == 1


async def test_an_error_with_status_200_is_no_answer() -> None:
    async with canned(always(response(b'{"status":"error","error":"no"}'))) as server:
        assert isinstance(await failure_of(PrometheusMetrics(PrometheusTarget(server.url))), Rejected)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"{",
        b"[]",
        b'{"status":"success"}',
        EMPTY.replace(b"[]", b"[1]") + b"}",
        EMPTY.replace(b"[]", b'[{"metric":{},"value":[1,"x"]}]') + b"}",
    ],
)
async def test_malformed_answers(body: bytes) -> None:
    async with canned(always(response(body))) as server:
        assert isinstance(await failure_of(PrometheusMetrics(PrometheusTarget(server.url))), Malformed)


async def test_native_histograms_have_no_value_and_are_left_out() -> None:
    body = b'{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"histogram":[1,{}]},{"metric":{},"value":[1,"2"]}]}}'
    async with canned(always(response(body))) as server:
        metrics = PrometheusMetrics(PrometheusTarget(server.url))
        assert [sample.value for sample in (await metrics.query("m")).samples] == [2.0]
        await metrics.aclose()


async def test_no_buildinfo_is_no_failure() -> None:
    async def thanos(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        writer.write(response(b"", "404 Not Found") if number == 0 else response(EMPTY + b"}"))

    async with canned(thanos) as server:
        metrics = PrometheusMetrics(PrometheusTarget(server.url))
        assert await metrics.ping() == ""
        await metrics.aclose()


async def test_failures_never_hold_secrets() -> None:
    async with canned(always(response(b'{"error":"bad token tok-123456"}', "401 Unauthorized"))) as server:
        address = server.url.replace("http://", "http://me:s3cret@")
        failure = await failure_of(PrometheusMetrics(PrometheusTarget(address, token=Secret("tok-123456"))))
    assert (type(failure), failure.message) == (Unauthorized, "bad token …")
    refused = await failure_of(PrometheusMetrics(PrometheusTarget(address)))
    assert (type(refused), refused.message) == (Unreachable, "connection refused")
    assert "s3cret" not in repr(PrometheusMetrics(PrometheusTarget(address)))


async def test_no_netrc(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    netrc = tmp_path_factory.mktemp("home") / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password person\n")
    monkeypatch.setenv("NETRC", str(netrc))
    async with canned(always(response(EMPTY + b"}"))) as server:
        metrics = PrometheusMetrics(PrometheusTarget(server.url))
        await metrics.query("up")
        await metrics.aclose()
    assert b"Authorization" not in server.requests[0]


async def test_hung_cut_and_no_http_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "READ", 0.5)

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        await reader.read()

    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"status":')
        writer.close()

    async def stalls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"status":')

    for talk, kind, message in (
        (silent, TimedOut, "no answer within 0.5 s"),
        (stalls, TimedOut, "no answer within 0.5 s"),
        (cut, Unreachable, "the connection was cut before the answer was complete"),
        (always(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), Malformed, "it does not answer in HTTP"),
    ):
        async with canned(talk) as server:
            failure = await failure_of(PrometheusMetrics(PrometheusTarget(server.url)))
        assert (type(failure), failure.message) == (kind, message)


async def test_redirects_are_not_followed() -> None:
    async with canned(always(response(b"", "302 Found", "Location: https://login.example/?x=y"))) as server:
        failure = await failure_of(PrometheusMetrics(PrometheusTarget(server.url, token=Secret("t"))))
    assert (type(failure), failure.message) == (Rejected, "redirected (302) to https://login.example")


async def test_nonsense_addresses_and_missing_certificates() -> None:
    assert isinstance(await failure_of(PrometheusMetrics(PrometheusTarget("nothing"))), Rejected)
    missing = await failure_of(PrometheusMetrics(PrometheusTarget("https://127.0.0.1:1", ca_path="/no/such.pem")))
    assert "/no/such.pem" in missing.message


async def test_a_pipe_in_place_of_a_certificate_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    failure = await failure_of(PrometheusMetrics(PrometheusTarget("https://127.0.0.1:1", ca_path=str(tmp_path / "pipe"))))
    assert f"{tmp_path / 'pipe'}: it is no file" in failure.message


async def test_a_socks_proxy_that_is_away_is_not_told_as_prometheus(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "all_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    failure = await failure_of(PrometheusMetrics(PrometheusTarget("http://prometheus.example")))
    assert failure.message.startswith("its proxy 127.0.0.1:9: ")


async def test_a_kept_connection_that_died_is_replaced() -> None:
    async def answers_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        if number % 2 == 0:
            writer.write(response(EMPTY + b"}"))
        else:
            writer.close()

    async with canned(answers_once) as server:
        metrics = PrometheusMetrics(PrometheusTarget(server.url))
        await metrics.query("up")
        await metrics.query("up")
        await metrics.aclose()
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    "buildinfo",
    [
        response(b'{"status":"error","errorType":"400","error":"unsupported path requested"}', "400 Bad Request"),
        response(b'{"status":"success","data":["odd"]}'),
        response(b"404 page not found", "404 Not Found", "Content-Type: text/plain"),
    ],
)
async def test_one_without_a_build_of_prometheus_kind_is_asked_whether_it_answers(buildinfo: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        writer.write(buildinfo if b"buildinfo" in server.requests[number] else response(EMPTY + b"}"))

    async with canned(talk) as server:
        metrics = PrometheusMetrics(PrometheusTarget(server.url + "/select/0/prometheus"))
        assert await metrics.ping() == ""
        await metrics.aclose()
    assert server.requests[-1].startswith(b"POST /select/0/prometheus/api/v1/query ")


async def test_a_range_is_asked_with_as_many_series_as_there_is_room_for() -> None:
    assert (most_series(1), most_series(500), most_series(11_000), most_series(0)) == (50_000, 1000, 100, 50_000)
    async with canned(always(response(EMPTY.replace(b"vector", b"matrix") + b"}"))) as server:
        metrics = PrometheusMetrics(PrometheusTarget(server.url))
        await metrics.query_range("up", start=0.0, end=5000.0, step=10.0)
        await metrics.aclose()
    assert b"limit=1000" in server.requests[0]


async def test_an_answer_beyond_all_bounds_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modeldeck.sources.common.bounds.BODY", 1024)
    async with canned(always(response(EMPTY + b" " * 2000 + b"}"))) as server:
        metrics = PrometheusMetrics(PrometheusTarget(server.url))
        with pytest.raises(TooLarge, match="more than 1 kB") as told:
            await metrics.query("up")
        assert told.value.hint == "select fewer series, or a shorter window"
        await metrics.aclose()
