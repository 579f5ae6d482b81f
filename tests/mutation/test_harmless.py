"""What is told of a change, and that the list of harmless ones is about code that is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mutation.harmless import Change, Harmless, harmless, reason
from tests.mutation.reach import BUDGET, Reach

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("    if a < b and c:", "    if a <= b and c:", "< → <="),
        ("    if a < b and c:", "    if a < b or c:", "and → or"),
        ("    if ready:", "    if not ready:", "nothing → not"),
        ("    if not ready:", "    if ready:", "not → nothing"),
        ("SHARE = 0.25", "SHARE =  1.25", "0.25 → 1.25"),
        ("@lru_cache(maxsize=64)", "", "@lru_cache(maxsize=64) → nothing"),
    ],
)
def test_a_change_is_told_by_what_is_replaced(before: str, after: str, message: str) -> None:
    assert Change.between("tui/modeldeck/domain/a.py", "f", before, after) == Change(
        "tui/modeldeck/domain/a.py", "f", before.strip(), message
    )


def test_a_reason_is_of_one_line_and_one_change_or_of_any() -> None:
    change = Change("m.py", "f", "n = 3", "3 → 4")
    anything, only = Harmless("m.py", "f", "n = 3", "of any"), Harmless("m.py", "f", "n = 3", "of this", "3 → 4")
    assert reason(change, [anything]) == "of any"
    assert reason(change, [only]) == "of this"
    assert reason(Change("m.py", "f", "n = 3", "3 → 2"), [only]) == ""
    assert reason(Change("m.py", "g", "n = 3", "3 → 4"), [anything, only]) == ""


@pytest.mark.parametrize("entry", harmless(), ids=lambda entry: f"{entry.module} {entry.function} {entry.change}")
def test_each_harmless_change_is_of_a_line_that_is_there(entry: Harmless) -> None:
    assert entry.reason
    assert entry.line in [line.strip() for line in (ROOT / entry.module).read_text().splitlines()]


SOURCE = """LIMIT = 3


class Row:
    size: int = 1

    def full(self):
        return (
            self.size > LIMIT
        )


def never(): ...
"""


def test_a_line_meets_the_tests_that_run_it_or_what_is_around_it() -> None:
    reach = Reach({"a": 1.0, "b": 1.0}, {"m.py": {1: set(), 5: set(), 8: {"a"}, 9: {"a", "b"}}})
    assert reach.tests("m.py", SOURCE, 8) == ["a"]
    assert reach.tests("m.py", SOURCE, 10) == ["a", "b"]
    assert reach.tests("m.py", SOURCE, 5) == ["a", "b"]
    assert reach.tests("m.py", SOURCE, 1) == ["a", "b"]
    assert reach.tests("other.py", SOURCE, 1) == []


def test_what_is_run_at_import_only_meets_the_tests_that_mirror_the_module_too() -> None:
    reach = Reach({"a": 1.0, "tests/test_m.py::values": 1.0, "tests/test_n.py::values": 1.0}, {"m.py": {8: {"a"}}})
    assert reach.tests("m.py", SOURCE, 1) == ["tests/test_m.py::values", "a"]
    assert reach.tests("m.py", SOURCE, 8) == ["a"]


def test_tests_that_mirror_the_module_come_first_and_others_as_long_as_there_is_time() -> None:
    seconds = {"test_m.py::slow": BUDGET / 2, "quick": 0.1, "long": BUDGET / 4, "longest": BUDGET}
    reach = Reach(seconds, {"m.py": {1: set(seconds)}})
    assert reach.tests("m.py", "x = 1\n", 1) == ["test_m.py::slow", "quick", "long"]
