"""Prometheus behind an API server's proxy: what each side's answers mean, told apart; and nothing that leaks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from modeldeck.backends import connect
from modeldeck.domain.environments import ClusterTarget, Environment, PrometheusTarget, Secret
from modeldeck.domain.failures import Failure, Faulty, Forbidden, InvalidQuery, Malformed, NotFound, Rejected, Unreachable
from tests.support.canned import canned, response

VECTOR = response(b'{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"2"]}]}}')
SERVICE = "kubernetes://monitoring/prometheus:9090"
PATH = "/api/v1/namespaces/monitoring/services/prometheus:9090/proxy/api/v1/query"


def status(code: int, message: str) -> bytes:
    body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": code}
    return response(json.dumps(body).encode(), f"{code} Told", "Content-Type: application/json")


def forbidden(verb: str) -> bytes:
    said = (
        f'services "prometheus:9090" is forbidden: User "op" cannot {verb} resource "services/proxy" in API group "" in the namespace "m"'
    )
    return status(403, said)


async def asked(*answers: bytes, times: int = 1, url: str = SERVICE, headers: dict[str, Secret] | None = None, folder: Path) -> Any:
    """What a query brings, and the requests that it took. The last answer is given for ever."""

    async def talk(reader: Any, writer: Any, number: int) -> None:
        writer.write(answers[min(number, len(answers) - 1)])

    async with canned(talk) as server:
        kubeconfig = folder / "config"
        body = {
            "current-context": "here",
            "clusters": [{"name": "c", "cluster": {"server": server.url}}],
            "users": [{"name": "u", "user": {"token": "cluster-token"}}],
            "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
        }
        kubeconfig.write_text(json.dumps(body))
        target = PrometheusTarget(url, headers=headers or {})
        backends = connect(Environment("prod", None, ClusterTarget(str(kubeconfig)), target))
        found: Any = None
        try:
            for _ in range(times):
                assert backends.clients.metrics is not None
                vector = await backends.clients.metrics.query("sum(up)", at=12.5)
                found = [sample.value for sample in vector.samples]
        except Failure as failure:
            found = failure
        finally:
            await backends.close()
    return found, [request.decode() for request in server.requests]


async def test_a_question_goes_there_as_a_form_with_the_clusters_login_and_the_targets_headers(tmp_path: Path) -> None:
    found, (request,) = await asked(VECTOR, headers={"X-Scope-OrgID": Secret("team-a")}, folder=tmp_path)
    assert found == [2.0]
    head, _, body = request.partition("\r\n\r\n")
    assert head.startswith(f"POST {PATH} HTTP/1.1")
    assert "query=sum%28up%29" in body
    lines = head.lower().split("\r\n")
    assert {"authorization: bearer cluster-token", "x-scope-orgid: team-a"} <= set(lines)
    assert "content-type: application/x-www-form-urlencoded" in lines


async def test_a_role_that_may_only_get_is_found_out_once(tmp_path: Path) -> None:
    found, requests = await asked(forbidden("create"), VECTOR, times=2, folder=tmp_path)
    assert found == [2.0]
    assert [request.split(" ")[0] for request in requests] == ["POST", "GET", "GET"]
    assert requests[1].startswith(f"GET {PATH}?query=sum%28up%29")


async def test_who_may_not_ask_at_all_is_told_verb_and_resource(tmp_path: Path) -> None:
    found, _ = await asked(forbidden("create"), forbidden("get"), folder=tmp_path)
    assert isinstance(found, Forbidden)
    assert 'cannot get resource "services/proxy"' in found.message
    assert found.hint == "ask for a role that grants the verb get on services/proxy in the namespace monitoring"
    assert found.backend == "Prometheus"


async def test_a_service_that_is_not_there_and_one_without_pods_are_told_with_a_hint(tmp_path: Path) -> None:
    found, _ = await asked(status(404, 'services "prometheus" not found'), folder=tmp_path)
    assert (type(found), found.message) == (NotFound, 'through the API server: services "prometheus" not found')
    assert "kubectl get services --namespace monitoring" in found.hint
    found, requests = await asked(status(503, 'no endpoints available for service "prometheus:9090"'), folder=tmp_path)
    assert (type(found), found.status, len(requests)) == (Faulty, 503, 1)
    assert "no endpoints available" in found.message
    assert "kubectl describe service prometheus --namespace monitoring" in found.hint


async def test_prometheus_own_words_come_through(tmp_path: Path) -> None:
    wrong = response(b'{"status":"error","errorType":"bad_data","error":"parse error"}', "400 Bad Request")
    found, requests = await asked(wrong, folder=tmp_path)
    assert (type(found), found.message, len(requests)) == (InvalidQuery, "parse error", 1)
    broken = response(b'{"status":"error","errorType":"timeout","error":"query timed out"}', "503 Service Unavailable")
    found, _ = await asked(broken, folder=tmp_path)
    assert (type(found), found.message) == (Faulty, "query timed out")


async def test_a_wrong_query_by_get_is_told_and_that_get_works_is_kept(tmp_path: Path) -> None:
    wrong = response(b'{"status":"error","errorType":"bad_data","error":"parse error"}', "400 Bad Request")
    found, requests = await asked(forbidden("create"), wrong, folder=tmp_path)
    assert (type(found), len(requests)) == (InvalidQuery, 2)


async def test_a_login_of_prometheus_own_is_not_taken_for_the_clusters(tmp_path: Path) -> None:
    found, _ = await asked(response(b"Unauthorized", "401 Unauthorized", "Content-Type: text/plain"), folder=tmp_path)
    assert type(found) is Rejected
    assert "a login of its own" in found.message


async def test_a_page_is_no_answer(tmp_path: Path) -> None:
    found, _ = await asked(response(b"<html>"), folder=tmp_path)
    assert type(found) is Malformed


async def test_a_secret_header_that_is_repeated_in_a_refusal_is_not_shown(tmp_path: Path) -> None:
    echo = response(b"no such key: hush-hush", "403 Forbidden", "Content-Type: text/plain")
    found, _ = await asked(echo, headers={"X-Api-Key": Secret("hush-hush")}, folder=tmp_path)
    assert type(found) is Forbidden
    assert "hush" not in found.message


@pytest.mark.parametrize("prefix", ["", "/prometheus"])
async def test_an_api_server_that_is_away_is_told_as_that(prefix: str, tmp_path: Path) -> None:
    kubeconfig = tmp_path / "config"
    kubeconfig.write_text("")
    backends = connect(Environment("prod", None, ClusterTarget(str(kubeconfig)), PrometheusTarget(SERVICE + prefix)))
    assert backends.clients.metrics is not None
    with pytest.raises(Unreachable, match="through the API server: the kubeconfig has no current context"):
        await backends.clients.metrics.ping()
    await backends.close()


async def test_without_a_cluster_it_is_said_what_is_missing() -> None:
    backends = connect(Environment("prod", None, None, PrometheusTarget(SERVICE)))
    assert backends.clients.metrics is not None
    with pytest.raises(Unreachable, match="no cluster is configured") as told:
        await backends.clients.metrics.ping()
    assert "KUBECONFIG" in told.value.hint
    await backends.close()
