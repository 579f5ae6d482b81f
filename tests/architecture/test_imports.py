"""What import-linter cannot say: that every package we import is one we ask for, and that the hot start path stays light."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
BASE = PROJECT["dependencies"]
SANDBOX = [*BASE, *PROJECT["optional-dependencies"]["sandbox"]]
DEV = [*SANDBOX, *PROJECT["optional-dependencies"]["dev"]]
MUTATION = [*DEV, *PROJECT["optional-dependencies"]["mutation"]]


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def imported(path: Path) -> Iterator[str]:
    """The top-level names that a module imports from outside the project and the standard library, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names = [node.module]
        for name in names:
            top = name.partition(".")[0]
            if top not in sys.stdlib_module_names and top not in ("modeldeck", "kubesim", "tests", "checks", "__future__"):
                yield top


def undeclared(paths: list[Path], requirements: list[str]) -> dict[str, set[str]]:
    declared = {normal(re.split(r"[\s<>=!~;\[]", each, maxsplit=1)[0]) for each in requirements}
    # Two distributions are one package; the full one, which only databases need, brings the other two along.
    declared |= {"mlflow", "sqlalchemy", "alembic"} if "mlflow-skinny" in declared else set()
    providers = packages_distributions()
    found: dict[str, set[str]] = {}
    for path in paths:
        for name in imported(path):
            if not {normal(each) for each in providers.get(name, [name])} & declared:
                found.setdefault(name, set()).add(str(path.relative_to(ROOT)))
    return found


def sources(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def test_the_console_imports_what_the_package_depends_on() -> None:
    assert undeclared([path for path in sources("tui/modeldeck") if "sandbox" not in path.relative_to(ROOT / "tui").parts], BASE) == {}


def test_the_sandbox_imports_what_its_extra_depends_on() -> None:
    assert undeclared(sources("tui/modeldeck/sandbox"), SANDBOX) == {}


def test_the_tests_import_what_the_development_extra_depends_on() -> None:
    apart = sources("tests/mutation")
    assert undeclared([path for path in sources("tests") if path not in apart], DEV) == {}
    assert undeclared(apart, MUTATION) == {}


def test_the_rule_about_sdks_forgets_no_module() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    ruled = next(set(each["source_modules"]) for each in contracts if "httpx" in each.get("forbidden_modules", []))
    ours = {
        f"modeldeck.{path.stem}"
        for path in (ROOT / "tui" / "modeldeck").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert ruled == ours - {"modeldeck.__init__", "modeldeck.sources", "modeldeck.sandbox"}


@pytest.mark.parametrize(
    ("module", "never"),
    [
        ("modeldeck.config", ["textual", "httpx", "mlflow", "kubernetes", "msgspec", "tomllib", "platformdirs"]),
        ("modeldeck.start", ["textual", "httpx", "mlflow", "kubernetes", "asyncio"]),
        ("modeldeck.__main__", ["textual", "httpx", "mlflow", "kubernetes", "asyncio"]),
        ("modeldeck.console", ["mlflow", "kubernetes", "prometheus_api_client", "pandas", "numpy"]),
        (
            "modeldeck.console",
            [
                "modeldeck.screens.promotion",
                "modeldeck.screens.operations",
                "modeldeck.console.choices",
                "modeldeck.screens.details.detail_screens",
                "modeldeck.screens.deck.compare",
                "modeldeck.operations",
            ],
        ),
        ("modeldeck.cli", ["textual", "mlflow", "kubernetes"]),
    ],
)
def test_what_an_import_must_not_drag_in(module: str, never: list[str]) -> None:
    """Each of these costs 10 ms to 3 s where every start pays for it."""
    code = f"import sys, {module}; print(*(name for name in {never!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []
