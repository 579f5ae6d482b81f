"""Samples of the fast tests: the same for a seed, others for another, and after a few of them everything was run."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import ALWAYS, in_sample

FILES = [Path(f"tests/{folder}/test_{number}.py") for folder in ("domain", "screens", *ALWAYS) for number in range(50)]


def test_a_sample_has_about_its_share_and_all_that_differs_between_pythons() -> None:
    drawn = [path for path in FILES if in_sample(path, 0.2, 1)]
    assert {path for path in FILES if path.parts[1] in ALWAYS} <= set(drawn)
    others = [path for path in drawn if path.parts[1] not in ALWAYS]
    assert 5 <= len(others) <= 40
    assert drawn == [path for path in FILES if in_sample(path, 0.2, 1)]


def test_with_other_seeds_every_file_is_drawn() -> None:
    assert {path for seed in range(100) for path in FILES if in_sample(path, 0.2, seed)} == set(FILES)
