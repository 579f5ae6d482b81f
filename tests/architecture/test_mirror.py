"""Tests mirror the code: each module has a file of tests with its name, at its place, or stands in a list with the reason why not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from checks.changed import mirrored
from tests.support.documents import ROOT

ELSEWHERE: Mapping[str, Mapping[str, str]] = {
    "who may do what is asked of the whole server: test_server, and a real one in the conformance suite": {
        "kubesim/auth": "access kubeconfigs private_files",
    },
    "they are right together or not at all: test_rollouts plays them, the conformance suite beside the real ones": {
        "kubesim/controllers": "deployments garbage manager namespaces ownership progress queue recorder replicasets rollout scheduling",
    },
    "requests and their answers: test_server, and kubectl's in the conformance suite": {
        "kubesim/http": "discovery handlers logs openapi pod_printer rendering requests reviews scaling tables",
    },
    "the one door to objects, which every request of test_server and every controller goes through": {
        "kubesim/registry": "bootstrap deletion registry",
    },
    "connects what is tested apart; tests/cli, tests/faults and the crash matrix go through it": {
        "modeldeck": "backends",
    },
    "parts of verbs, which are run whole: test_arguments, test_change, test_operations, test_metrics": {
        "modeldeck/cli": "attached deciding runner snapshot",
    },
    "run whole, with keys: tests/screens, tests/faults/test_console.py": {
        "modeldeck/console": "app connection ending launch",
    },
    "values without a rule": {
        "modeldeck/domain/changes": "change_event",
        "modeldeck/domain/kubernetes": "surroundings",
        "modeldeck/domain/drift": "findings",
        "modeldeck/domain/dashboards": "dashboard",
        "modeldeck/domain/metrics": "samples",
        "modeldeck/domain/operations": "rollback_target",
    },
    "values without a rule; test_joining makes them": {
        "modeldeck/domain/status": "serving_row",
    },
    "Protocols: nothing in them runs": {
        "modeldeck": "ports",
        "modeldeck/operations/runner": "handle",
    },
    "programs of their own, brought up for real: test_whole, test_container, test_process, test_control_plane": {
        "modeldeck/sandbox/control_plane": "components",
        "modeldeck/sandbox/deployments": "gate kube",
        "modeldeck/sandbox/mlflow_server": "seed",
        "modeldeck/sandbox/model_server": "server zygote",
        "modeldeck/sandbox/node": "agent events log_endpoint node_heartbeat pod probing runtime",
        "modeldeck/sandbox/processes": "parent_death process ready_server",
        "modeldeck/sandbox/prometheus": "api installed",
        "modeldeck/sandbox/stack": "programs supervisor",
    },
    "pilot tests press the deck's keys on posted data: test_deck, test_under_way, test_first_picture": {
        "modeldeck/screens/deck": "command_palette commands compare headline layout messages sandbox_progress",
        "modeldeck/screens/deck/panes": "deck_pane deployment_rows deployments live live_view run_columns run_rows runs "
        "version_rows versions",
    },
    "pilot tests open them from the deck: test_deck, tests/screens/test_history.py": {
        "modeldeck/screens/details": "logs",
    },
    "parts of one screen: test_operation_screen": {
        "modeldeck/screens/operation": "banner body",
    },
    "parts of every screen: tests/screens, tests/snapshots": {
        "modeldeck/screens/shared": "ask fleet_view framed help picker reading_screen",
    },
    "the base of screens that press its keys: test_live_screen, test_dashboard_screen": {
        "modeldeck/screens/shared": "timeline_screen",
    },
    "both clients alike, against a real MLflow: test_contract, test_older, test_access": {
        "modeldeck/sources/mlflow": "client opening rest_registry",
    },
    "the client's way to the server: test_client, test_client_contract, test_client_proxies": {
        "modeldeck/sources/prometheus": "session",
    },
    "run whole, on a terminal: tests/faults/test_terminal.py, tests/ssh": {
        "modeldeck": "start",
    },
    "the terminal is real or emulated: test_keyboard feeds sequences, tests/faults/test_terminal.py the driver": {
        "modeldeck/terminal": "driver sequences",
    },
    "bases of what test_header, test_footer and test_operation_screen paint; test_terminal_input orders keys": {
        "modeldeck/widgets": "banner bar key_order",
    },
    "parts of what is painted: test_table, test_pane, test_chart, test_diff_app, tests/snapshots": {
        "modeldeck/widgets/content": "content state text_view",
        "modeldeck/widgets/painting": "ascii_filter gc_tuning palette screen_buffer",
        "modeldeck/widgets/pane": "filter_line frame",
        "modeldeck/widgets/table": "source",
    },
}
"""Where modules are tested that have no tests of their own: where more of them come together, by reason and by folder below tui/."""
MODULES = [path.relative_to(ROOT) for path in sorted((ROOT / "tui").rglob("*.py")) if path.stem not in ("__init__", "__main__")]


def has_tests(module: Path) -> bool:
    return (ROOT / mirrored(module)).is_file()


EXCUSED = [
    Path("tui", folder, f"{name}.py") for folders in ELSEWHERE.values() for folder, names in folders.items() for name in names.split()
]


@pytest.mark.parametrize("module", [module for module in MODULES if not has_tests(module)], ids=str)
def test_a_module_has_tests_of_its_own_or_a_reason(module: Path) -> None:
    assert module in EXCUSED, f"expected {mirrored(module)}"


@pytest.mark.parametrize("module", EXCUSED, ids=str)
def test_a_reason_is_there_for_a_module_that_needs_one(module: Path) -> None:
    assert module in MODULES
    assert not has_tests(module)


def test_the_reasons_are_few() -> None:
    assert len(ELSEWHERE) <= 25
    assert len(EXCUSED) == len(set(EXCUSED))


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
