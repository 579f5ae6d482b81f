"""A public class name stands once in the product: who reads it in one place knows it in all."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

PRODUCT = Path(__file__).parents[2] / "tui" / "modeldeck"


def classes() -> dict[str, list[str]]:
    """Public classes at the top of a module: name → modules."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(PRODUCT.rglob("*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(path.relative_to(PRODUCT).as_posix())
    return found


def test_a_public_class_name_stands_once() -> None:
    assert {name: places for name, places in classes().items() if len(places) > 1} == {}


def test_the_product_was_read() -> None:
    assert classes()["Hub"] == ["live/hub.py"]
