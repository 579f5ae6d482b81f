"""Whom a connection trusts, and what is said of a certificate that cannot be used."""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from typing import Any

import pytest

from modeldeck.domain.failures import Unreachable
from modeldeck.sandbox.processes import certificates
from modeldeck.sources.http.tls import Tls, context_of, no_context, refuse_pipe


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> certificates.Certificates:
    return certificates.ensure(tmp_path_factory.mktemp("keys"), "test")


def trusted(context: ssl.SSLContext) -> int:
    return context.cert_store_stats()["x509_ca"]


def test_without_settings_the_usual_authorities_are_trusted_and_the_name_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    context = context_of(Tls())
    assert trusted(context) > 10
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_a_named_authority_is_trusted_alone(keys: certificates.Certificates) -> None:
    for tls in (Tls(ca_path=str(keys.authority)), Tls(ca_pem=keys.authority.read_text())):
        assert trusted(context_of(tls)) == 1


def test_an_authority_of_the_environment_comes_first(keys: certificates.Certificates, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(keys.authority))
    assert trusted(context_of(Tls())) == 1


def test_what_is_not_verified_needs_no_authority() -> None:
    context = context_of(Tls(verify=False, ca_path="/nowhere.pem"))
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_NONE, False)


def test_plain_http_could_trust_nobody() -> None:
    assert trusted(no_context()) == 0
    assert no_context().verify_mode is ssl.CERT_REQUIRED


def unusable(tls: Tls) -> str:
    with pytest.raises(Unreachable) as failure:
        context_of(tls, backend="MLflow")
    assert failure.value.backend == "MLflow"
    return failure.value.message


def test_certificates_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate")
    assert unusable(Tls(ca_path="/nowhere.pem")) == "authority certificate cannot be used: /nowhere.pem: No such file or directory"
    assert unusable(Tls(ca_path=str(broken))).startswith(f"authority certificate cannot be used: {broken}: ")
    assert unusable(Tls(cert_path=str(broken))).startswith(f"client certificate cannot be used: {broken}: ")
    assert unusable(Tls(ca_pem="ä")).startswith("authority certificate cannot be used: given inline: ")


def test_a_key_that_asks_for_a_pass_phrase_is_not_waited_for(keys: certificates.Certificates, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_pem_private_key(Path(keys.key).read_bytes(), None)
    locked = serialization.BestAvailableEncryption(b"secret")
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked)
    (tmp_path / "key.pem").write_bytes(pem)
    assert "its key asks for a pass phrase" in unusable(Tls(cert_path=str(keys.certificate), key_path=str(tmp_path / "key.pem")))


@pytest.mark.parametrize("key", ["ca_path", "cert_path", "SSL_CERT_FILE"])
def test_a_pipe_in_place_of_a_certificate_is_not_waited_for(key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = str(tmp_path / "pipe")
    os.mkfifo(pipe)
    if key.isupper():
        monkeypatch.setenv(key, pipe)
    parts: dict[str, Any] = {} if key.isupper() else {key: pipe}
    message = unusable(Tls(**parts))
    assert f"cannot be used: {pipe}" in message
    assert "it is no file" in message


def test_files_folders_and_what_is_not_there_are_no_pipes(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in ("", str(tmp_path), str(tmp_path / "file"), str(tmp_path / "missing")):
        refuse_pipe(path)
    with pytest.raises(ValueError, match="it is no file"):
        refuse_pipe("/dev/null")
