"""What the steps name is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks import steps
from tests import conftest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("path", steps.CONTRACTS)
def test_the_contracts_that_need_a_real_prometheus_are_there(path: str) -> None:
    assert (ROOT / path).is_file()


@pytest.mark.parametrize("folder", conftest.ALWAYS)
def test_the_folders_that_every_sample_holds_are_there(folder: str) -> None:
    assert list((ROOT / "tests" / folder).glob("test_*.py"))
