"""Finding the control plane's binaries, and what the launcher writes; the components themselves run in the conformance suite."""

from __future__ import annotations

import json
import socket
import stat
from pathlib import Path

import pytest

from modeldeck.sandbox.control_plane import components, control_plane
from modeldeck.sandbox.processes.certificates import ensure
from tests.conformance.controlplane import build, launch


def executable(path: Path) -> Path:
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """A PATH and a KUBEBUILDER_ASSETS that hold nothing."""
    for name in ("path", "assets"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path / "assets"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "path", tmp_path / "assets"


def test_assets_come_before_path(folders: tuple[Path, Path]) -> None:
    path, assets = folders
    assert control_plane.missing() == control_plane.COMPONENTS
    executable(path / "etcd")
    assert control_plane.find("etcd") == path / "etcd"
    executable(assets / "etcd")
    assert control_plane.find("etcd") == assets / "etcd"
    assert control_plane.missing() == control_plane.COMPONENTS[1:]


def test_the_suite_says_what_is_missing_and_takes_what_was_built(folders: tuple[Path, Path]) -> None:
    message = launch.missing()
    assert message is not None
    assert "kube-apiserver" in message
    assert "build.py" in message
    build.cache().mkdir(parents=True)
    for name in control_plane.COMPONENTS:
        executable(build.cache() / name)
    assert launch.missing() is None
    assert launch.binary("etcd") == build.cache() / "etcd"


def test_the_build_without_go_says_how_to_get_it(
    folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["build.py"])
    assert build.main() == 1
    said = capsys.readouterr().err
    assert "Go is missing" in said
    assert "go.dev/dl" in said
    assert "KUBEBUILDER_ASSETS" in said


def test_the_versions_built_are_those_of_the_modules() -> None:
    versions = {module.folder.name: module.version() for module in build.MODULES}
    assert set(versions) == {"etcd", "kubernetes", "prometheus"}
    assert all(version.startswith("v") for version in versions.values())
    assert {name for module in build.MODULES for name in module.binaries} >= {*control_plane.COMPONENTS, "kubectl", "prometheus"}


def test_a_start_without_binaries_says_which_is_missing(folders: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(control_plane.ControlPlaneError, match=r"etcd is neither in \$KUBEBUILDER_ASSETS nor on PATH"):
        control_plane.start(tmp_path / "run")


def test_tokens_are_made_once_and_private(tmp_path: Path) -> None:
    tokens = components.tokens(tmp_path)
    assert set(tokens) == {"admin", "kcm", "sched", "view", "op"}
    assert len(set(tokens.values())) == 5
    assert components.tokens(tmp_path) == tokens
    assert stat.S_IMODE((tmp_path / "tokens.csv").stat().st_mode) == 0o600


def test_a_kubeconfig_trusts_only_this_api_server_and_points_at_serving(tmp_path: Path) -> None:
    written = json.loads(components.kubeconfig("view", "https://127.0.0.1:1", "secret", ensure(tmp_path, "api")))
    assert written["clusters"][0]["cluster"].keys() == {"server", "certificate-authority-data"}
    assert written["contexts"][0]["context"] == {"cluster": "sandbox", "user": "view", "namespace": "serving"}
    assert written["users"][0]["user"] == {"token": "secret"}


def test_ports_are_remembered_while_they_are_free(tmp_path: Path) -> None:
    assert components.remembered_ports(tmp_path) is None
    ports = components.free_ports()
    assert len(set(vars(ports).values())) == 3
    (tmp_path / "ports.json").write_text(json.dumps(vars(ports)))
    assert components.remembered_ports(tmp_path) == ports
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", ports.etcd))
        taken.listen()
        assert components.remembered_ports(tmp_path) is None
