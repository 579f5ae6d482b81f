"""Build a real Kubernetes control plane, kubectl and a real Prometheus from their Go modules, once.

    python tests/conformance/controlplane/build.py [--print]

The binaries land in a cache folder named by the hash of the go.sum files (under $XDG_CACHE_HOME, by default ~/.cache), so that a second
run has nothing to do and an upgrade builds afresh. Needs Go (the version that the go.mod files name, or newer, which downloads that one
by itself), 8 GB of disk and, on two cores, about ten minutes. The three modules are kept apart: in one, etcd would raise grpc for all.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Module:
    """A folder with go.mod and go.sum, the binaries that come from it, and how they are built."""

    folder: Path
    versioned_by: str  # the requirement whose version is the product's own
    packages: Sequence[str]
    flags: Sequence[str] = ()
    linker: str = ""

    @property
    def binaries(self) -> tuple[str, ...]:
        """The names of the binaries: of etcd's package path, the last part is only a version."""
        return tuple("etcd" if package.endswith("/v3") else package.rpartition("/")[2] for package in self.packages)

    def version(self) -> str:
        """The product's version as its go.mod requires it, with the leading v."""
        text = (self.folder / "go.mod").read_text()
        found = re.search(rf"^\s*(?:require )?{re.escape(self.versioned_by)} (v\S+)", text, re.MULTILINE)
        assert found, f"{self.folder}/go.mod does not require {self.versioned_by}"
        return found[1]


@dataclass(frozen=True)
class Kit:
    """Modules whose binaries are kept together, under a name of their own."""

    name: str
    modules: Sequence[Module]

    @property
    def cache(self) -> Path:
        """Where this version of everything is, or will be."""
        digest = hashlib.sha256()
        for module in self.modules:
            digest.update((module.folder / "go.sum").read_bytes())
        root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        return Path(root) / "modeldeck" / f"{self.name}-{digest.hexdigest()[:16]}"

    @property
    def wanted(self) -> list[Module]:
        """The modules that are not built yet."""
        return [module for module in self.modules if not all((self.cache / name).exists() for name in module.binaries)]

    def make(self) -> bool:
        """Build what is not built yet, saying so; False where that fails."""
        for module in self.wanted:
            started = time.monotonic()
            print(f"building {', '.join(module.binaries)} …", flush=True)
            try:
                self._build(module)
            except subprocess.CalledProcessError as error:
                print(f"go build of {module.folder.name} failed with exit code {error.returncode}; its words are above", file=sys.stderr)
                return False
            print(f"  {time.monotonic() - started:.0f} s", flush=True)
        return True

    def _build(self, module: Module) -> None:
        """Build one module into the cache; a binary appears there only when it is whole."""
        version = module.version()
        major, minor, *_ = version.removeprefix("v").split(".")
        product = f"3.{int(minor) // 100}.{int(minor) % 100}" if major == "0" else version.removeprefix("v")
        linker = "-s -w " + module.linker.format(version=version, major=major, minor=minor, product=product)
        partial = self.cache / f"{module.folder.name}.part"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        command = ["go", "build", "-buildvcs=false", *module.flags, "-ldflags", linker.strip(), "-o", f"{partial}/"]
        subprocess.run([*command, *module.packages], cwd=module.folder, check=True)
        for path in partial.iterdir():
            name = path.name if path.name in module.binaries else module.binaries[0]
            path.replace(self.cache / name)
        partial.rmdir()


MODULES = (
    Module(HERE / "etcd", "go.etcd.io/etcd/server/v3", ("go.etcd.io/etcd/server/v3",)),
    Module(
        HERE / "kubernetes",
        "k8s.io/kubernetes",
        tuple(f"k8s.io/kubernetes/cmd/{name}" for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")),
        # Without these the components cannot parse their own version, and do not start.
        linker="-X k8s.io/component-base/version.gitVersion={version} -X k8s.io/component-base/version.gitMajor={major} "
        "-X k8s.io/component-base/version.gitMinor={minor} -X k8s.io/client-go/pkg/version.gitVersion={version}",
    ),
    Module(
        HERE / "prometheus",
        "github.com/prometheus/prometheus",
        ("github.com/prometheus/prometheus/cmd/prometheus",),
        flags=("-tags", "remove_all_sd,netgo"),
        linker="-X github.com/prometheus/common/version.Version={product}",
    ),
)
CONTROL_PLANE = Kit("controlplane", MODULES)


def cache() -> Path:
    """Where this version of the control plane is, or will be."""
    return CONTROL_PLANE.cache


def main() -> int:
    """Build what is not built yet."""
    parser = argparse.ArgumentParser(description="Build a real control plane and Prometheus for the conformance suite.")
    parser.add_argument("--print", action="store_true", help="only print the folder that the binaries are or would be in")
    if parser.parse_args().print:
        print(cache())
        return 0
    if CONTROL_PLANE.wanted and shutil.which("go") is None:
        print(
            "Go is missing, which builds the real control plane and Prometheus.\n"
            "Install it from go.dev/dl or your system's packages (golang-go), then run this again. Instead of building, you can\n"
            "put etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kubectl and prometheus on PATH, or the first\n"
            "four into a folder that KUBEBUILDER_ASSETS names (setup-envtest downloads them).",
            file=sys.stderr,
        )
        return 1
    if not CONTROL_PLANE.make():
        return 1
    print(cache())
    return 0


if __name__ == "__main__":
    sys.exit(main())
