"""Tests mirror the code: each module has a file of tests with its name, at its place, or stands in a list with the reason why not."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from checks.changed import mirrored
from tests.support.documents import ROOT

ELSEWHERE = {
    "kubesim/auth/*": "who may do what is asked of the whole server: test_server, and a real one in the conformance suite",
    "kubesim/controllers/*": "they are right together or not at all: test_rollouts plays them, the conformance suite beside the real ones",
    "kubesim/http/*": "requests and their answers: test_server, and kubectl's in the conformance suite",
    "kubesim/registry/*": "the one door to objects, which every request of test_server and every controller goes through",
    "modeldeck/backends": "connects what is tested apart; tests/cli, tests/faults and the crash matrix go through it",
    "modeldeck/cli/*": "parts of verbs, which are run whole: test_arguments, test_change, test_operations, test_doctor_metrics",
    "modeldeck/console": "run whole, with keys: tests/screens, tests/faults/test_console.py",
    "modeldeck/ports": "Protocols: nothing in them runs",
    "modeldeck/start": "run whole, on a terminal: tests/faults/test_terminal.py, tests/ssh",
    "modeldeck/domain/metrics/samples": "values without a rule",
    "modeldeck/domain/status/serving_row": "values without a rule; test_joining makes them",
    "modeldeck/operations/*/*": "parts of operations, which are carried out whole: test_service, test_machine, the crash matrix",
    "modeldeck/operations/execution/steps/*": "likewise; test_done, test_undo_told and test_execute_endings name each step",
    "modeldeck/sandbox/*/*": "programs of their own, brought up for real: test_whole, test_container, test_process, test_control_plane",
    "modeldeck/screens/deck/*": "pilot tests press the deck's keys on posted data: test_deck, test_under_way, test_first_picture",
    "modeldeck/screens/deck/panes/*": "likewise",
    "modeldeck/screens/details/*": "pilot tests open them from the deck: test_deck, tests/screens/test_history.py",
    "modeldeck/screens/operation/*": "parts of one screen: test_operation_screen",
    "modeldeck/screens/shared/*": "parts of every screen: tests/screens, tests/snapshots",
    "modeldeck/sources/mlflow/*": "both clients alike, against a real MLflow: test_contract, test_older, test_access",
    "modeldeck/sources/prometheus/session": "the client's way to the server: test_client, test_client_contract, test_client_proxies",
    "modeldeck/terminal/*": "the terminal is real or emulated: test_keyboard feeds sequences, tests/faults/test_terminal.py the driver",
    "modeldeck/widgets/*": "bases of what test_header, test_footer and test_operation_screen paint; test_terminal_input orders keys",
    "modeldeck/widgets/*/*": "parts of what is painted: test_table, test_pane, test_chart, test_diff_app, tests/snapshots",
}
"""Modules, by path below tui/, that are tested where more of them come together: where. `*` stands for one name, not for folders."""
MODULES = [path.relative_to(ROOT) for path in sorted((ROOT / "tui").rglob("*.py")) if path.stem not in ("__init__", "__main__")]


def has_tests(module: Path) -> bool:
    return (ROOT / mirrored(module)).is_file()


def excused(module: Path, pattern: str) -> bool:
    place = PurePosixPath(*module.with_suffix("").parts[1:])
    return len(place.parts) == len(PurePosixPath(pattern).parts) and place.match(pattern)


@pytest.mark.parametrize("module", [module for module in MODULES if not has_tests(module)], ids=str)
def test_a_module_has_tests_of_its_own_or_a_reason(module: Path) -> None:
    assert any(excused(module, pattern) for pattern in ELSEWHERE), f"expected {mirrored(module)}"


@pytest.mark.parametrize("pattern", ELSEWHERE)
def test_a_reason_is_there_for_a_module_that_needs_one(pattern: str) -> None:
    assert any(excused(module, pattern) and not has_tests(module) for module in MODULES)


def test_the_list_is_short() -> None:
    assert len(ELSEWHERE) <= 25


@pytest.mark.parametrize(
    ("module", "tests"),
    [
        ("tui/modeldeck/render/cell.py", "tests/render/test_cell.py"),
        ("tui/modeldeck/pipes.py", "tests/test_pipes.py"),
        ("tui/kubesim/api/kinds.py", "tests/kubesim/api/test_kinds.py"),
    ],
)
def test_where_a_modules_tests_are(module: str, tests: str) -> None:
    assert mirrored(Path(module)) == Path(tests)


def test_a_pattern_goes_no_deeper_than_it_says() -> None:
    assert excused(Path("tui/modeldeck/widgets/bar.py"), "modeldeck/widgets/*")
    assert not excused(Path("tui/modeldeck/widgets/table/source.py"), "modeldeck/widgets/*")
    assert not excused(Path("tui/other/widgets/bar.py"), "modeldeck/widgets/*")
