"""The steps, in order."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from checks.pythons import SUPPORTED, index, interpreter, oldest
from checks.run import Run, Step

SHARE = 0.15
"""Of the test files that are not about what differs between Pythons: those that run on each further one."""
CRASHES_ON_REAL = 24
BENCH_SECONDS, REAL_CRASH_SECONDS = 150.0, 120.0
"""What the steps after the crash matrix on the simulator are known to take on a slow machine."""
CONTRACTS = (
    *("tests/sources/prometheus/test_client_contract.py", "tests/sources/prometheus/test_profiles_contract.py"),
    "tests/operations/gate/test_contract.py",
)
"""Fast tests with halves that need a real Prometheus."""
REQUIRED = {"MODELDECK_CONFORMANCE_REQUIRED": "1"}
"""What is missing is a failure here, where it is a skip on a newcomer's machine."""
WORKERS = "6"
"""Of conformance: more than cores, as its cases wait for pods most of the time."""


def readme(name: str) -> str:
    """The one line of shell in the README that follows the comment <!-- NAME -->. Raises ValueError."""
    _, mark, after = Path("README.md").read_text().partition(f"<!-- {name} -->\n```sh\n")
    lines = after.partition("```")[0].splitlines()
    if not mark or len(lines) != 1:
        raise ValueError(f"README.md: expected one line of shell after <!-- {name} -->")
    return lines[0]


def as_written(run: Run, command: str) -> None:
    """Run a line of the README, with the oldest supported Python that is installed as `python3`. A script, not a link: an environment would
    go on pointing at the link."""
    folder = run.work / "bin"
    folder.mkdir(exist_ok=True)
    script = folder / "python3"
    script.write_text(f'#!/bin/sh\nexec "{interpreter(oldest())}" "$@"\n')
    script.chmod(0o755)
    run.say(f"$ {command}")
    environ = {"PATH": f"{folder}:{os.environ['PATH']}", "PYTEST_ADDOPTS": run.addopts(), "MODELDECK_SEED": str(run.seed)}
    run.call("bash", "-c", command, **environ)


def readme_start(run: Run) -> None:
    """The README's first command, without a terminal: the sandbox comes up, and every truth row is there."""
    as_written(run, f"{readme('start')} --state '{run.work}/sandbox' --exec '.venv/bin/modeldeck status'")


def readme_tests(run: Run) -> None:
    """The README's second command: the fast tests, all of them."""
    as_written(run, readme("tests"))


def environment(run: Run) -> Path:
    """The bin folder with everything that development needs: the README's command leaves one in the clone; a single step asked for by hand
    may have to make its own."""
    for folder in (Path(".venv/bin"), made := run.work / "venv" / "bin"):
        if (folder / "uv").exists():
            return folder.absolute()
    python = interpreter(oldest())
    assert python
    with run.building():
        run.call(python, "-m", "venv", made.parent)
        run.call(made / "pip", "install", "-q", "-c", "requirements.lock", "-e", ".[dev]")
    return made


def lint(run: Run) -> None:
    run.call(environment(run) / "ruff", "check", ".")
    run.call(environment(run) / "ruff", "format", "--check", ".")
    run.call(environment(run) / "codespell", ".", ".ci/run", ".ci/checks")


def types(run: Run) -> None:
    run.call(environment(run) / "mypy")
    run.call(environment(run) / "mypy", "tests")


def floors(run: Run) -> None:
    """What may import what."""
    run.call(environment(run) / "lint-imports")


def further(version: str) -> Callable[[Run], None]:
    """What can differ on another Python: imports, types, the start, the command line; and a sample of all other tests."""

    def step(run: Run) -> None:
        python = interpreter(version)
        if python is None:
            run.say(f"skipped: Python {version} is not installed here")
            return
        uv, folder = environment(run) / "uv", run.work / f"venv-{version}"
        run.call(uv, "venv", "-q", "--python", python, folder, **index())
        own = folder / "bin" / "python"
        run.call(uv, "pip", "install", "-q", "--python", own, "-c", "requirements.lock", "-e", ".[dev]", **index())
        run.call(own, "-m", "mypy", "--python-version", version)
        drawn = () if run.whole else ("--share", str(SHARE), "--seed", str(run.seed))
        run.pytest(own, "-n", "2", *drawn, MODELDECK_SEED=str(run.seed))

    return step


_LOOK_INTO_WHEEL = """
import sys
from importlib.metadata import files
from pathlib import Path

import modeldeck

source, installed = Path(sys.argv[1]), Path(modeldeck.__file__).parent
assert source not in installed.parents, f"expected the installed wheel, found {installed}"
themes = {path.name for path in (source / "themes").glob("*.toml")}
styles = {path.relative_to(source / "tui" / "modeldeck") for path in (source / "tui").rglob("*.tcss")}
assert themes, "no themes in the source tree"
assert themes == {path.name for path in (installed / "_themes").glob("*.toml")}, "the wheel lacks themes"
missing = [str(path) for path in styles if not (installed / path).is_file()]
assert not missing, f"the wheel lacks {missing}"
top = {path.parts[0] for path in files("modeldeck") if path.parts[0] != ".." and not path.parts[0].endswith(".dist-info")}
assert top == {"modeldeck", "kubesim"}, f"the wheel installs {top}"
print(f"the wheel carries {len(themes)} themes and {len(styles)} style sheets")
"""


def wheel(run: Run) -> None:
    """The wheel carries the styles and the themes, and its command works where the source tree is not."""
    uv, python = environment(run) / "uv", interpreter(oldest())
    assert python
    dist, installed = run.work / "dist", run.work / "installed"
    run.call(uv, "build", "-q", "--wheel", "--python", python, "--out-dir", dist, **index())
    run.call(uv, "venv", "-q", "--python", python, installed)
    [built] = dist.glob("modeldeck-*.whl")
    run.call(uv, "pip", "install", "-q", "--python", installed / "bin" / "python", "-c", "requirements.lock", built, **index())
    look = run.work / "look_into_wheel.py"
    look.write_text(_LOOK_INTO_WHEEL)
    command = f'cd "{run.work}" && "{installed}/bin/modeldeck" --help >/dev/null && "{installed}/bin/python" "{look}" "{run.root}"'
    run.call("bash", "-c", command)


_BUILD = "tests/conformance/controlplane/build.py"
_BUILD_ALERTMANAGER = "tests.conformance.alertmanager.build"


def control_plane(run: Run) -> None:
    """A real kube-apiserver, controller manager, scheduler, etcd, Prometheus and Alertmanager, built from their Go modules; kept in the
    user's cache."""
    python = interpreter(oldest())
    assert python
    with run.building():
        run.call(python, _BUILD)
        run.call(python, "-m", _BUILD_ALERTMANAGER)


def binaries() -> dict[str, str]:
    python = interpreter(oldest())
    assert python
    folder = subprocess.run([python, _BUILD, "--print"], capture_output=True, text=True, check=True).stdout.strip()
    return {"PATH": f"{folder}:{os.environ['PATH']}", "KUBEBUILDER_ASSETS": folder, **REQUIRED}


def conformance(run: Run) -> None:
    """The same cases on the simulator and on a real control plane. The contracts with Prometheus are among the fast tests, but their halves
    for the real one can only run now."""
    distributed = ("-n", WORKERS, "--dist", "loadgroup")
    run.pytest(environment(run) / "python", *distributed, "tests/conformance", *CONTRACTS, **binaries())


def crash(run: Run) -> None:
    """That the judge sees what is wrong; on the simulator each kind of step × fault, and as many further cases as there is time for; some
    on the real control plane."""
    python, seed = environment(run) / "python", ("--seed", str(run.seed))
    run.pytest(python, "tests/crash")
    minutes = max(0.0, run.left(reserve=BENCH_SECONDS + REAL_CRASH_SECONDS) / 60)
    run.call(python, "-m", "tests.crash", *([] if run.whole else ["--minutes", f"{minutes:.1f}"]), *seed, **REQUIRED)
    sampled = ("--sample", str(2 * CRASHES_ON_REAL if run.whole else CRASHES_ON_REAL))
    run.call(python, "-m", "tests.crash", "--cluster", "real", *sampled, "--jobs", "6", *seed, **REQUIRED)


def bench(run: Run) -> None:
    """Figures of a shared machine: shown, and no reason to fail, however they are."""
    run.call(environment(run) / "python", "-m", "tests.bench", "--quick")


def everything() -> Iterator[Step]:
    yield Step("readme_start", readme_start)
    yield Step("readme_tests", readme_tests)
    yield Step("lint", lint)
    yield Step("types", types)
    yield Step("floors", floors)
    for version in SUPPORTED:
        if version != oldest():
            yield Step(f"python-{version}", further(version))
    yield Step("wheel", wheel)
    yield Step("control_plane", control_plane)
    yield Step("conformance", conformance)
    yield Step("crash", crash)
    yield Step("bench", bench, optional=True)
