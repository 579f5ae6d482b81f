"""The cluster's certificate: whom it convinces, for how long, and what is kept of its making."""

from __future__ import annotations

import datetime
import ssl
import stat
from pathlib import Path

import pytest
from cryptography import x509

from kubesim.auth.certificates import ensure
from tests.support.handshake import handshake, strict


def serving(directory: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*ensure(directory)[1:])
    return context


@pytest.mark.parametrize("name", ["localhost", "kubernetes", "127.0.0.1", "::1"])
def test_a_strict_client_trusts_it_by_each_of_its_names(tmp_path: Path, name: str) -> None:
    authority, *_ = ensure(tmp_path)
    handshake(serving(tmp_path), strict(authority), name)


@pytest.mark.parametrize("name", ["example.com", "127.0.0.2"])
def test_it_stands_for_no_other_place(tmp_path: Path, name: str) -> None:
    authority, *_ = ensure(tmp_path)
    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        handshake(serving(tmp_path), strict(authority), name)


def test_another_clusters_authority_does_not_vouch_for_it(tmp_path: Path) -> None:
    other, *_ = ensure_in(tmp_path / "other")
    ensure_in(tmp_path / "own")
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(serving(tmp_path / "own"), strict(other), "localhost")


def ensure_in(directory: Path) -> tuple[Path, Path, Path]:
    directory.mkdir()
    return ensure(directory)


def test_it_lasts_ten_years(tmp_path: Path) -> None:
    _, certificate, _ = ensure(tmp_path)
    read = x509.load_pem_x509_certificate(certificate.read_bytes())
    now = datetime.datetime.now(datetime.UTC)
    assert read.not_valid_before_utc < now - datetime.timedelta(days=1)  # clocks of other machines may lag
    assert datetime.timedelta(days=3640) < read.not_valid_after_utc - now < datetime.timedelta(days=3660)


def test_nothing_is_left_of_its_making_but_three_private_files(tmp_path: Path) -> None:
    made = ensure(tmp_path)
    assert set(tmp_path.iterdir()) == set(made)
    assert [b"PRIVATE KEY" in path.read_bytes() for path in made] == [False, False, True]  # that of the authority is gone
    assert {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o600}


def test_what_is_there_is_kept(tmp_path: Path) -> None:
    before = [path.read_bytes() for path in ensure(tmp_path)]
    assert [path.read_bytes() for path in ensure(tmp_path)] == before


@pytest.mark.parametrize("missing", range(3))
def test_a_set_that_is_not_whole_is_made_anew(tmp_path: Path, missing: int) -> None:
    made = ensure(tmp_path)
    made[missing].unlink()
    authority, *_ = ensure(tmp_path)
    handshake(serving(tmp_path), strict(authority), "localhost")
