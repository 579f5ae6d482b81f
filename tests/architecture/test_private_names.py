"""What is private to Textual and Rich is named in one module, `modeldeck.terminal.textual_private`, whose test tells when it has gone."""

from __future__ import annotations

import ast
import importlib
import inspect
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from modeldeck.terminal.textual_private import OVERRIDDEN

ROOT = Path(__file__).parents[2] / "tui"
HOME = ROOT / "modeldeck" / "terminal" / "textual_private.py"
FLOORS = ("start.py", "themes.py", "console", "screens", "widgets", "terminal", "render")
"""Those that know Textual or Rich."""
PUBLIC = {"_exit", "_replace", "_asdict"}
"""Of `os` and of named tuples: an underscore without a secret."""


def modules() -> list[Path]:
    return sorted(
        path
        for path in (ROOT / "modeldeck").rglob("*.py")
        if path != HOME and path.relative_to(ROOT / "modeldeck").parts[0] in FLOORS and path.stat().st_size
    )


def private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def private_imports(tree: ast.AST) -> Iterator[str]:
    """What a module imports from Textual and Rich by a name, or out of a module, with an underscore."""
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{each.name}" for each in node.names]
        yield from (name for name in names if name.split(".")[0] in ("textual", "rich") and any(map(private, name.split("."))))


def defined(node: ast.ClassDef | ast.Module) -> set[str]:
    """The private names that are defined in a class or a module: methods, variables, and attributes that are set."""
    targets = [target for each in node.body if isinstance(each, ast.Assign | ast.AnnAssign) for target in _targets(each)]
    found = {target.id for target in targets if isinstance(target, ast.Name)}
    for each in ast.walk(node):
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(each.name)
        elif isinstance(each, ast.Attribute) and isinstance(each.ctx, ast.Store) and _is_own(each):
            found.add(each.attr)
    return set(filter(private, found))


def _targets(node: ast.Assign | ast.AnnAssign) -> list[ast.expr]:
    return node.targets if isinstance(node, ast.Assign) else [node.target]


def _is_own(node: ast.Attribute) -> bool:
    """`self._x`, `cls._x` and `super()._x`."""
    return ast.unparse(node.value) in ("self", "cls", "super()")


class Definitions:
    """Which class of ours defines which private names, those of its bases with them: a public class name stands once in the product."""

    def __init__(self, trees: list[ast.Module]) -> None:
        classes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
        self._names = {node.name: defined(node) for node in classes}
        self._bases = {node.name: [ast.unparse(base).partition("[")[0] for base in node.bases] for node in classes}

    def of(self, name: str) -> set[str]:
        return self._names.get(name, set()).union(*(self.of(base) for base in self._bases.get(name, ())))


def foreign(tree: ast.Module, definitions: Definitions) -> Iterator[str]:
    """Private attributes that neither the class nor, of another object, the module defines."""
    owner = {each: node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for each in ast.walk(node)}
    here = defined(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and private(node.attr) and node.attr not in PUBLIC:
            known = definitions.of(owner.get(node, "")) if _is_own(node) else here
            if node.attr not in known:
                yield f"{node.lineno}: {ast.unparse(node)}"


TREES = {path: ast.parse(path.read_text()) for path in modules()}
DEFINITIONS = Definitions(list(TREES.values()))


def told(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", TREES, ids=told)
def test_nothing_private_is_used_anywhere_else(path: Path) -> None:
    assert list(private_imports(TREES[path])) == []
    assert list(foreign(TREES[path], DEFINITIONS)) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import textual._context", ["textual._context"]),
        ("def later():\n    from rich.cells import cell_len, _cell_len", ["rich.cells._cell_len"]),
        ("from textual.app import App", []),
    ],
)
def test_a_private_import_is_seen(source: str, found: list[str]) -> None:
    assert list(private_imports(ast.parse(source))) == found


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("class A(App):\n    def on_mount(self):\n        self._driver.write('')", ["3: self._driver"]),
        ("class A(App):\n    def _own(self):\n        self._own()", []),
        ("class A(App):\n    _own = 1\nclass B(A):\n    def x(self):\n        return self._own", []),
        (
            "class A:\n    def __init__(self):\n        self._app = 1\nclass B:\n    def x(self):\n        return self._app",
            ["6: self._app"],
        ),
        ("def f(app):\n    return app._filters", ["2: app._filters"]),
        ("def f(app):\n    app._filters = []", ["2: app._filters"]),
    ],
)
def test_a_foreign_attribute_is_seen(source: str, found: list[str]) -> None:
    tree = ast.parse(source)
    assert list(foreign(tree, Definitions([tree]))) == found


def theirs(owner: type) -> set[str]:
    """The private names of a class of Textual's: what stands in it, and what it sets on itself."""
    return {*filter(private, vars(owner)), *defined(ast.parse(textwrap.dedent(inspect.getsource(owner))))}


def test_no_name_of_ours_replaces_one_of_theirs_unless_it_is_said_so() -> None:
    """Two meanings of one attribute on one object are found out much later."""
    listed = {each.name for each in OVERRIDDEN}
    clashes = []
    for path in TREES:
        module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
        for name, cls in inspect.getmembers(module, inspect.isclass):
            bases = [base for base in cls.__mro__ if base.__module__.partition(".")[0] in ("textual", "rich")]
            if cls.__module__ == module.__name__ and bases:
                both = DEFINITIONS.of(name) & set().union(*map(theirs, bases)) - listed
                clashes += [f"{name}.{each}" for each in sorted(both)]
    assert clashes == []
