"""Credentials that renew themselves, and TLS contexts that leave nothing on the disk."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from modeldeck import pipes
from modeldeck.domain.environments import ClusterTarget, Secret
from modeldeck.domain.failures import Unreachable
from modeldeck.sources.kubernetes.auth import FileToken, Impersonating, KubeconfigToken, PluginToken, context_for, credentials_for
from modeldeck.sources.kubernetes.kubeconfig import Login, User, load
from tests.sources.kubernetes.test_exec_plugin import counting
from tests.sources.kubernetes.test_kubeconfig import config, written


async def test_one_run_serves_all_until_it_is_refused(tmp_path: Path) -> None:
    credentials = PluginToken(counting(tmp_path))
    assert await asyncio.gather(*(credentials.headers(renew=False) for _ in range(4))) == [{"Authorization": "Bearer t1"}] * 4
    assert await asyncio.gather(*(_refused(credentials) for _ in range(4))) == [("Bearer t1", "Bearer t2")] * 4
    assert await _refused(credentials) == ("Bearer t2", "Bearer t3")


async def _refused(credentials: PluginToken) -> tuple[str, str]:
    """As the transport does it: what was sent, and what is sent instead after a 401."""
    first = await credentials.headers(renew=False)
    await asyncio.sleep(0)
    return first["Authorization"], (await credentials.headers(renew=True))["Authorization"]


async def test_an_expired_credential_is_asked_for_again(tmp_path: Path) -> None:
    past = datetime.fromtimestamp(time.time() - 60, UTC).isoformat().replace("+00:00", "Z")
    more = f', "expirationTimestamp": "{past}"'
    credentials = PluginToken(counting(tmp_path, more))
    assert await credentials.headers(renew=False) == {"Authorization": "Bearer t1"}
    assert await credentials.headers(renew=False) == {"Authorization": "Bearer t2"}


async def test_a_token_file_is_read_again_when_refused(tmp_path: Path) -> None:
    credentials = FileToken(written(tmp_path / "token", "one\n"))
    assert await credentials.headers(renew=False) == {"Authorization": "Bearer one"}
    written(tmp_path / "token", "two\n")
    assert await credentials.headers(renew=False) == {"Authorization": "Bearer one"}
    assert await credentials.headers(renew=True) == {"Authorization": "Bearer two"}
    with pytest.raises(Unreachable, match="nowhere"):
        await FileToken(str(tmp_path / "nowhere")).headers(renew=False)


async def test_a_kubeconfig_that_a_login_tool_rewrote(tmp_path: Path) -> None:
    target = ClusterTarget(written(tmp_path / "config", config(user={"token": "one"})))
    credentials = KubeconfigToken(target, load(target).user)
    written(tmp_path / "config", config(user={"token": "two"}))
    assert await credentials.headers(renew=False) == {"Authorization": "Bearer one"}
    assert await credentials.headers(renew=True) == {"Authorization": "Bearer two"}
    written(tmp_path / "config", "a: [")
    assert await credentials.headers(renew=True) == {"Authorization": "Bearer two"}


async def test_impersonation() -> None:
    user = User(token=Secret("t"), impersonate="ann", impersonate_groups=("ops",))
    credentials = credentials_for(ClusterTarget(), Login("https://one", "c", "n", user), None)
    assert isinstance(credentials, Impersonating)
    assert await credentials.headers(renew=False) == {"Authorization": "Bearer t", "Impersonate-User": "ann", "Impersonate-Group": "ops"}


async def test_each_of_several_groups_is_a_field_of_its_own() -> None:
    groups = tuple(f"group-{number}" for number in range(40))
    login = Login("https://one", "c", "n", User(impersonate="a", impersonate_groups=groups))
    sent = await credentials_for(ClusterTarget(), login, None).headers(renew=False)
    assert tuple(value for name, value in sent.items() if name.lower() == "impersonate-group") == groups


def test_certificates_leave_nothing_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    cert, key = _self_signed()
    context = context_for(Login("https://one", "c", "n", User(cert_pem=cert, key_pem=Secret(key.decode())), ca_pem=cert.decode()), None)
    assert context.get_ca_certs()
    with pytest.raises(Unreachable, match="client certificate cannot be used"):
        context_for(Login("https://one", "c", "n", User(cert_pem=b"nonsense", key_pem=Secret("nonsense")), insecure=True), None)
    assert list(tmp_path.iterdir()) == []


def _self_signed() -> tuple[bytes, bytes]:
    from datetime import timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "one")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    cert = builder.add_extension(x509.BasicConstraints(True, None), critical=True).sign(key, hashes.SHA256())
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return cert.public_bytes(serialization.Encoding.PEM), private


async def test_a_token_file_that_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Unreachable, match="too large"):
        await FileToken("/dev/zero").headers(renew=False)


async def test_a_token_file_that_nobody_writes_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipes, "PIPE_SECONDS", 0.2)
    os.mkfifo(tmp_path / "token")
    with pytest.raises(Unreachable, match=r"token file cannot be read: .*: it is no file, and gave nothing in 0\.2 s"):
        await FileToken(str(tmp_path / "token")).headers(renew=False)
