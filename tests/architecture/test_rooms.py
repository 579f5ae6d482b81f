"""A folder that somebody can take in at a glance: the place of a change is found by the folders' names."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
MOST_MODULES = 20
MOST_LINES = 450


def modules() -> list[Path]:
    return [path.relative_to(ROOT) for path in sorted((ROOT / "tui").rglob("*.py")) if path.name != "__init__.py"]


def test_no_folder_holds_more_modules_than_that() -> None:
    assert {folder: count for folder, count in Counter(path.parent for path in modules()).items() if count > MOST_MODULES} == {}


def test_no_module_is_longer_than_that() -> None:
    lines = {path: len((ROOT / path).read_text().splitlines()) for path in modules()}
    assert lines
    assert {path: count for path, count in lines.items() if count > MOST_LINES} == {}
