"""What a command ends with."""

from __future__ import annotations

from modeldeck.domain.operations.exit_code import ExitCode


def test_exit_codes_are_a_contract_with_pipelines() -> None:
    assert {code.name: code.value for code in ExitCode} == {
        "DONE": 0,
        "UNDONE": 1,
        "USAGE": 2,
        "REFUSED": 3,
        "GATE_FAILED": 4,
        "NEEDS_ATTENTION": 5,
        "UNREACHABLE": 6,
        "WAITING": 7,
        "BUG": 8,
        "UNTOLD": 9,
    }
