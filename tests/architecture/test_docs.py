"""Documents say what is there: links lead somewhere, paths exist, and words that were retired do not come back."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()
LINK = re.compile(r"\]\(([^)\s]+)\)")
RETIRED = {
    "Asked",
    "Desk",
    "Doors",
    "Feed",
    "Fences",
    "Glance",
    "Hands",
    "Keeper",
    "Lane",
    "Mailbox",
    "Noticing",
    "Outlook",
    "Shelf",
    "Sighting",
    "TruthRow",
    "UnderWay",
    "Unfit",
    "Vault",
    "Warden",
    "Wish",
    "aside",
    "fold",
    "harmless",
    "patiently",
    "truth_rows",
}
"""Identifiers of a language of our own; docs/architecture.md has the words that stand for them now."""
KEPT = {"harmless": "tests/mutation", "Shelf": "shared_answers", "Wish": "kubesim", "Outlook": "gates", "fold": "render/fold"}
"""What means something else: where."""


RETIRED_FIELDS = {"hire", "leg", "legs", "troubles", "waiting_for", "wish", "words"}
"""Likewise as names of what a value is: attributes, arguments and variables of the product."""
FIELDS_KEPT = {"words": "links/", "waiting_for": "pod_reason", "troubles": "status"}


def anchors(document: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("document", DOCUMENTS, ids=[path.name for path in DOCUMENTS])
def test_every_link_leads_somewhere(document: Path) -> None:
    for link in LINK.findall(document.read_text()):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = document.parent / name if name else document
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("document", DOCUMENTS, ids=[path.name for path in DOCUMENTS])
def test_every_path_is_there(document: Path) -> None:
    for path in re.findall(r"`((?:tui|tests|docs|themes|\.ci)/[\w./]*)`", document.read_text()):
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`([a-z_]+/[\w/]+\.py)`", ARCHITECTURE))))
def test_every_module_of_the_architecture_is_there(path: str) -> None:
    rooms = (ROOT / "tui" / "modeldeck", ROOT / "tui" / "modeldeck" / "operations")
    assert any((room / path).is_file() for room in rooms)


def modules() -> Iterator[Path]:
    for folder in ("tui", "tests", ".ci"):
        yield from (ROOT / folder).rglob("*.py")


def test_the_documents_that_code_names_are_there() -> None:
    named = {(path.name, name) for path in modules() for name in re.findall(r"\b([\w/]+\.md)\b", path.read_text())}
    there = {path.name for path in DOCUMENTS}
    assert {(path, name) for path, name in named if Path(name).name not in there} == set()


def test_retired_words_stay_retired() -> None:
    found = set()
    for path in modules():
        place = path.relative_to(ROOT).as_posix()
        for node in ast.walk(ast.parse(path.read_text())):
            name = getattr(node, "name", None) if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) else None
            if name in RETIRED and KEPT.get(name, "\0") not in place:
                found.add((place, name))
    assert found == set()


def test_retired_fields_stay_retired() -> None:
    found = set()
    for path in (ROOT / "tui" / "modeldeck").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            name = next((str(value) for kind in ("attr", "arg", "id") if isinstance(value := getattr(node, kind, None), str)), "")
            if name in RETIRED_FIELDS and FIELDS_KEPT.get(name, "\0") not in path.as_posix():
                found.add((path.relative_to(ROOT).as_posix(), name))
    assert found == set()


def test_the_words_are_in_order_and_each_stands_once() -> None:
    message = re.findall(r"^\| ([a-z][\w /-]*) \|", ARCHITECTURE[ARCHITECTURE.index("## Words") :], re.MULTILINE)[1:]
    assert message == sorted(set(message))
    assert len(message) >= 40
