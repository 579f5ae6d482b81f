"""Kubeconfigs by kubectl's rules: merging, contexts, inline data and files, and a login inside a cluster."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest

from modeldeck import pipes
from modeldeck.domain.environments import ClusterTarget, Secret
from modeldeck.domain.failures import Unreachable
from modeldeck.sources.kubernetes import kubeconfig
from modeldeck.sources.kubernetes.kubeconfig import contexts, load

TOKEN = "sesame-0123456789"


def config(**parts: Any) -> dict[str, Any]:
    cluster = {"server": "https://one:6443/", **parts.get("cluster", {})}
    return {
        "current-context": "here",
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": parts.get("user", {"token": TOKEN})}],
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u", **parts.get("context", {})}}],
    }


def written(path: Path, body: dict[str, Any] | str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(body if isinstance(body, str) else json.dumps(body))
    return str(path)


def test_a_token_and_the_context(tmp_path: Path) -> None:
    login = load(ClusterTarget(written(tmp_path / "config", config(context={"namespace": "serving"}))))
    assert (login.server, login.context, login.namespace, login.user.token) == ("https://one:6443", "here", "serving", Secret(TOKEN))
    assert TOKEN not in repr(login)


def test_inline_data_and_files_beside_the_kubeconfig(tmp_path: Path) -> None:
    (tmp_path / "pki").mkdir()
    (tmp_path / "pki" / "client.crt").write_bytes(b"CERT")
    (tmp_path / "token").write_text(TOKEN)
    body = config(
        cluster={"certificate-authority-data": base64.b64encode(b"CA").decode(), "tls-server-name": "real", "proxy-url": "http://p:1"},
        user={
            "client-certificate": "pki/client.crt",
            "client-key-data": base64.b64encode(b"KEY").decode(),
            "tokenFile": "token",
            "token": "old",
        },
    )
    login = load(ClusterTarget(written(tmp_path / "config", body)))
    assert (login.ca_pem, login.server_name, login.proxy, login.insecure) == ("CA", "real", "http://p:1", False)
    assert (login.user.cert_pem, login.user.key_pem, login.user.token) == (b"CERT", Secret("KEY"), None)
    assert login.user.token_path == str(tmp_path / "token")
    assert "KEY" not in repr(login)


def test_texts_stay_texts(tmp_path: Path) -> None:
    text = """
current-context: on
clusters: [{name: c, cluster: {server: "http://one", insecure-skip-tls-verify: true}}]
users: [{name: 1e3, user: {username: 007, password: 1234}}]
contexts: [{name: on, context: {cluster: c, user: 1e3, namespace: 12}}]
"""
    login = load(ClusterTarget(written(tmp_path / "config", text)))
    assert (login.context, login.namespace, login.insecure) == ("on", "12", True)
    assert (login.user.username, login.user.password) == ("007", Secret("1234"))


def test_several_files_where_the_first_to_say_it_wins(tmp_path: Path) -> None:
    first = written(
        tmp_path / "a" / "one", {"contexts": [{"name": "here", "context": {"cluster": "c", "user": "u", "namespace": "first"}}]}
    )
    second = written(tmp_path / "b" / "two", config(context={"namespace": "second"}, user={"tokenFile": "token"}))
    target = ClusterTarget(os.pathsep.join((first, str(tmp_path / "missing"), second)))
    login = load(target)
    assert (login.namespace, login.user.token_path) == ("first", str(tmp_path / "b" / "token"))
    assert contexts(target) == (("here",), "here")


def test_an_exec_plugin(tmp_path: Path) -> None:
    spec = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": "./bin/login",
        "args": ["--quiet"],
        "env": [{"name": "PROFILE", "value": "prod"}],
        "provideClusterInfo": True,
        "interactiveMode": "IfAvailable",
    }
    plugin = load(ClusterTarget(written(tmp_path / "config", config(user={"exec": spec})))).user.exec
    assert plugin is not None
    assert (plugin.command, plugin.args, plugin.env) == (str(tmp_path / "bin" / "login"), ("--quiet",), (("PROFILE", "prod"),))
    assert plugin.cluster == {"server": "https://one:6443", "insecure-skip-tls-verify": False}


@pytest.mark.parametrize(
    ("body", "context", "message"),
    [
        ("a: [", "", "not YAML"),
        ("", "", "no current context"),
        ("[]", "", "no map"),
        ({"contexts": []}, "", "no current context"),
        (config(), "there", "no context there (it has: here)"),
        (config(context={"cluster": "x"}), "", "cluster that is not there: x"),
        (config(context={"user": "x"}), "", "user that is not there: x"),
        (config(cluster={"server": ""}), "", "no server"),
        (config(user={"client-certificate": "nowhere.crt"}), "", "nowhere.crt"),
        (config(cluster={"certificate-authority-data": "abcde"}), "", "not base64"),
        (config(cluster={"certificate-authority-data": "%%%"}), "", "not base64"),
        (config(user={"client-key-data": "ab*cdef="}), "", "not base64"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, body: dict[str, Any] | str, context: str, message: str) -> None:
    with pytest.raises(Unreachable) as caught:
        load(ClusterTarget(written(tmp_path / "config", body), context))
    assert message in caught.value.message
    assert caught.value.hint


def test_a_broken_file_never_quotes_itself(tmp_path: Path) -> None:
    with pytest.raises(Unreachable) as caught:
        load(ClusterTarget(written(tmp_path / "config", f"users:\n- user: {{token: {TOKEN}: [}}\n")))
    assert TOKEN not in str(caught.value)
    assert "line 2" in caught.value.message


def test_a_kubeconfig_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="not found"):
        load(ClusterTarget(str(tmp_path / "nowhere")))


def test_inside_a_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(kubeconfig, "SERVICE_ACCOUNT", tmp_path)
    with pytest.raises(Unreachable, match="no kubeconfig"):
        load(ClusterTarget(), {})
    written(tmp_path / "ca.crt", "CA")
    written(tmp_path / "namespace", "serving\n")
    login = load(ClusterTarget(), {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "6443"})
    assert (login.server, login.namespace, login.user.token_path) == ("https://[fd00::1]:6443", "serving", str(tmp_path / "token"))


def test_dev_null_and_files_that_are_not_there_are_empty(tmp_path: Path) -> None:
    path = written(tmp_path / "config", config())
    assert load(ClusterTarget(f"/dev/null:{tmp_path}/nowhere:{path}")).server == load(ClusterTarget(str(path))).server
    with pytest.raises(Unreachable, match="no current context"):
        load(ClusterTarget("/dev/null"))


@pytest.mark.parametrize(
    "text",
    ["- " * 100_000, "[" * 100_000, "{a: " * 100_000, "a: " + "[" * 70 + "]" * 70],
    ids=["dashes", "brackets", "braces", "just too deep"],
)
def test_a_file_that_is_nested_too_deep_is_told(tmp_path: Path, text: str) -> None:
    """The parser in C would end the whole process."""
    with pytest.raises(Unreachable, match=r"nested too deep|not YAML"):
        load(ClusterTarget(written(tmp_path / "deep", text)))


def test_a_file_that_never_ends_is_told() -> None:
    with pytest.raises(Unreachable, match="too large"):
        load(ClusterTarget("/dev/zero"))


@pytest.mark.parametrize("key", ["client-certificate", "client-key"])
def test_a_certificate_that_never_ends_is_told(tmp_path: Path, key: str) -> None:
    with pytest.raises(Unreachable, match="too large"):
        load(ClusterTarget(written(tmp_path / "config", config(user={key: "/dev/zero"}))))


def test_data_that_is_folded_over_several_lines_is_read(tmp_path: Path) -> None:
    folded = base64.encodebytes(b"CA" * 100).decode()
    assert "\n" in folded.strip()
    login = load(ClusterTarget(written(tmp_path / "config", config(cluster={"certificate-authority-data": folded}))))
    assert login.ca_pem == "CA" * 100


@pytest.mark.parametrize("place", ["kubeconfig", "certificate-authority", "client-certificate"])
def test_a_pipe_that_nobody_writes_to_is_told(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipes, "PIPE_SECONDS", 0.1)
    os.mkfifo(tmp_path / "pipe")
    entry = {place: "pipe"}
    body = config(cluster=entry if place == "certificate-authority" else {}, user=entry if place == "client-certificate" else {})
    file = written(tmp_path / "config", body)
    with pytest.raises(Unreachable, match=r"it is no file, and gave nothing in 0\.1 s"):
        load(ClusterTarget(str(tmp_path / "pipe") if place == "kubeconfig" else file))
