"""Logins and certificates, each on a real TLS server: bearer, basic, an authority of one's own, a certificate of ours, headers."""

from __future__ import annotations

import http.server
import json
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import trustme

from modeldeck.domain.environments import PrometheusTarget, Secret
from modeldeck.domain.failures import Failure, Forbidden, Unauthorized, Unreachable
from modeldeck.sources.prometheus.client import PrometheusMetrics

VECTOR = {"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}, "value": [1, "2"]}]}}


@dataclass
class Server:
    """Prometheus' API behind TLS, by an authority of its own, that wants a certificate of ours. `files` has them."""

    url: str
    files: Path
    wanted: dict[str, str] = field(default_factory=dict)
    """Headers without which it answers 401, repeating what it was sent, as some gateways do."""

    def target(self) -> PrometheusTarget:
        return PrometheusTarget(
            self.url,
            ca_path=str(self.files / "authority.pem"),
            client_cert_path=str(self.files / "client.pem"),
            client_key_path=str(self.files / "client-key.pem"),
        )


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    ours = authority.issue_cert("operator@example.com")
    ours.private_key_pem.write_to_path(str(tmp_path / "client-key.pem"))
    ours.cert_chain_pems[0].write_to_path(str(tmp_path / "client.pem"))
    ours.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "both.pem"))
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "stranger.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            missing = [name for name, value in found.wanted.items() if self.headers[name] != value]
            sent = " ".join(str(self.headers.get(name, "")) for name in ("Authorization", "X-Api-Key"))
            body = f"not you: {sent}".encode() if missing else json.dumps(VECTOR).encode()
            self.send_response(401 if "Authorization" in missing else 403 if missing else 200)
            self.send_header("Content-Type", "text/plain" if missing else "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            self.send_error(405)

        def log_message(self, format: str, *args: object) -> None:
            pass

    listening = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listening.daemon_threads = True
    listening.socket = context.wrap_socket(listening.socket, server_side=True, do_handshake_on_connect=False)
    found = Server(f"https://127.0.0.1:{listening.server_address[1]}", tmp_path)
    thread = threading.Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    yield found
    listening.shutdown()
    listening.server_close()
    thread.join(10)


async def asked(target: PrometheusTarget) -> list[float] | Failure:
    metrics = PrometheusMetrics(target)
    try:
        return [sample.value for sample in (await metrics.query("sum(up)", at=12.5)).samples]
    except Failure as failure:
        return failure
    finally:
        await metrics.aclose()


async def test_a_certificate_of_ours_and_an_authority_of_ones_own(server: Server) -> None:
    target = server.target()
    assert await asked(target) == [2.0]
    assert await asked(replace(target, client_cert_path=str(server.files / "both.pem"), client_key_path="")) == [2.0]
    assert await asked(replace(target, ca_path="", insecure_tls=True)) == [2.0]


async def test_an_authority_that_does_not_know_it_is_refused(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in ("", str(server.files / "stranger.pem")):
        found = await asked(replace(server.target(), ca_path=path))
        assert isinstance(found, Unreachable)
        assert "certificate" in found.message
    # A bundle of the surroundings, which counts for hosts other than this one, does not come before the authority that is configured.
    monkeypatch.setattr("modeldeck.sources.prometheus.session.is_loopback", lambda host: False)
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(server.files / "authority.pem"))
    assert isinstance(await asked(replace(server.target(), ca_path=str(server.files / "stranger.pem"))), Unreachable)


async def test_without_a_certificate_of_ours_the_server_lets_nobody_in(server: Server) -> None:
    found = await asked(replace(server.target(), client_cert_path="", client_key_path=""))
    assert isinstance(found, Unreachable)


@pytest.mark.parametrize("file", ["nowhere.pem", "client-key.pem", "authority.pem"])
async def test_a_certificate_that_cannot_be_used_is_named(server: Server, file: str) -> None:
    found = await asked(replace(server.target(), client_cert_path=str(server.files / file)))
    assert isinstance(found, Unreachable)
    assert f"client certificate cannot be used: {server.files / file}" in found.message


async def test_a_bearer_token_and_a_wrong_one(server: Server) -> None:
    server.wanted = {"Authorization": "Bearer t0ken-of-prometheus"}
    assert await asked(replace(server.target(), token=Secret("t0ken-of-prometheus"))) == [2.0]
    found = await asked(replace(server.target(), token=Secret("wrong-t0ken")))
    assert isinstance(found, Unauthorized)
    assert "wrong-t0ken" not in f"{found} {found.hint} {found!r}"


async def test_a_user_name_with_its_password(server: Server) -> None:
    server.wanted = {"Authorization": "Basic bWU6aHVzaC1odXNo"}
    assert await asked(replace(server.target(), username="me", password=Secret("hush-hush"))) == [2.0]
    found = await asked(replace(server.target(), username="me", password=Secret("hush-hash")))
    assert isinstance(found, Unauthorized)
    assert "bWU6aHVzaC1oYXNo" not in str(found)


async def test_headers_and_a_secret_one_that_is_repeated(server: Server) -> None:
    server.wanted = {"X-Scope-OrgID": "team-a", "X-Api-Key": "hush-hush"}
    headers = {"X-Scope-OrgID": Secret("team-a"), "X-Api-Key": Secret("hush-hush")}
    target = replace(server.target(), headers=headers)
    assert await asked(target) == [2.0]
    assert "hush" not in repr(target)
    found = await asked(replace(target, headers={"X-Api-Key": Secret("hush-hash")}))
    assert isinstance(found, Forbidden)
    assert "hush" not in f"{found} {found!r}"
