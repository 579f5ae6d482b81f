from __future__ import annotations

import datetime
import ssl
import stat
from dataclasses import astuple
from pathlib import Path

import pytest
from cryptography import x509

from modeldeck.sandbox.processes.certificates import Certificates, ensure
from tests.support.handshake import handshake, strict


@pytest.fixture
def ours(tmp_path: Path) -> Certificates:
    return ensure(tmp_path / "ours", "node-1")


@pytest.fixture
def theirs(tmp_path: Path) -> Certificates:
    return ensure(tmp_path / "theirs", "node-1")


@pytest.fixture
def server(ours: Certificates) -> ssl.SSLContext:
    """One that asks its clients for a certificate, as etcd does."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=ours.authority)
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    context.load_cert_chain(ours.certificate, ours.key)
    return context


def client(trusted: Certificates, shown: Certificates) -> ssl.SSLContext:
    context = strict(trusted.authority)
    context.load_cert_chain(shown.certificate, shown.key)
    return context


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1"])
def test_both_ends_show_the_leaf_and_trust_it_for_loopback(server: ssl.SSLContext, ours: Certificates, name: str) -> None:
    handshake(server, client(ours, ours), name)


@pytest.mark.parametrize("name", ["example.com", "127.0.0.2"])
def test_it_stands_for_no_other_place(server: ssl.SSLContext, ours: Certificates, name: str) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        handshake(server, client(ours, ours), name)


def test_another_authority_of_that_name_vouches_for_neither_end(server: ssl.SSLContext, ours: Certificates, theirs: Certificates) -> None:
    for stranger in (client(theirs, ours), client(ours, theirs)):
        with pytest.raises(ssl.SSLError, match="certificate verify failed"):
            handshake(server, stranger, "localhost")


def test_certificates_are_kept_and_only_the_leafs_key_is(tmp_path: Path) -> None:
    first = ensure(tmp_path, "node-1")
    paths = set(tmp_path.iterdir())
    assert paths == set(astuple(first))
    assert [path for path in paths if b"PRIVATE KEY" in path.read_bytes()] == [first.key]
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths} == {0o600}
    before = {path: path.read_bytes() for path in paths}
    assert ensure(tmp_path, "node-1") == first
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_set_without_its_key_is_made_anew(tmp_path: Path) -> None:
    ensure(tmp_path, "node-1").key.unlink()
    anew = ensure(tmp_path, "node-1")
    client(anew, anew)  # raises where key and leaf do not belong together


def test_the_leaf_lasts_ten_years(tmp_path: Path) -> None:
    leaf = x509.load_pem_x509_certificate(ensure(tmp_path, "node-1").certificate.read_bytes())
    now = datetime.datetime.now(datetime.UTC)
    assert leaf.not_valid_before_utc < now - datetime.timedelta(days=1)  # clocks of other machines may lag
    assert datetime.timedelta(days=3640) < leaf.not_valid_after_utc - now < datetime.timedelta(days=3660)
