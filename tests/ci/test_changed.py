"""`make check` runs the tests that have to do with a change."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.changed import select


@pytest.fixture
def tests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    monkeypatch.chdir(tmp_path)
    files = {
        "tests/architecture/test_imports.py": "",
        "tests/domain/test_pricing.py": "",
        "tests/live/test_pricing.py": "",
        "tests/operations/test_waiting.py": "from modeldeck.domain import pricing",
        "tests/operations/test_lock.py": "from modeldeck.domain.orders import Lease",
        "tests/render/test_pods.py": "def test() -> None:\n    import modeldeck.domain.pricing",
        "tests/kubesim/storage/test_store.py": "",
        "tests/conformance/test_pricings.py": "from modeldeck.domain import pricing",
    }
    for name, text in files.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)
    return [Path(name) for name in files]


def test_tests_of_a_module_are_named_after_it_or_import_it(tests: list[Path]) -> None:
    assert select(["tui/modeldeck/domain/pricing.py", "README.md"], tests) == [
        "tests/domain/test_pricing.py",
        "tests/architecture/test_imports.py",
        "tests/operations/test_waiting.py",
        "tests/render/test_pods.py",
    ]


def test_each_package_has_its_tests(tests: list[Path]) -> None:
    assert select(["tui/kubesim/storage/store.py"], tests) == ["tests/kubesim/storage/test_store.py", "tests/architecture/test_imports.py"]


def test_a_test_that_changed_is_run(tests: list[Path]) -> None:
    assert select(["tests/live/test_pricing.py"], tests) == ["tests/live/test_pricing.py", "tests/architecture/test_imports.py"]
