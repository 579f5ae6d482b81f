"""Settings and problems."""

from __future__ import annotations

from pathlib import Path

import pytest

from modeldeck.config.values import Layer, Problem, ResolvedConfig, Setting, Severity
from modeldeck.domain.environments import Environment


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem(Severity.ERROR, "config.toml:3", "refresh", "expected a number"), "config.toml:3: refresh: expected a number"),
        (Problem(Severity.ERROR, "--theme", "", "unknown", "did you mean `dark`?"), "--theme: unknown; did you mean `dark`?"),
        (Problem(Severity.WARNING, "", "", "nothing"), "nothing"),
    ],
)
def test_a_problem_is_one_sentence_of_what_is_known(problem: Problem, text: str) -> None:
    assert str(problem) == text


def test_a_flag_is_stronger_than_a_variable_than_the_file_than_what_is_found() -> None:
    assert sorted([Layer.DISCOVERY, Layer.FILE, Layer.FLAG, Layer.VARIABLE]) == [Layer.FLAG, Layer.VARIABLE, Layer.FILE, Layer.DISCOVERY]


def test_the_place_of_a_setting_is_the_whole_one_where_it_has_one() -> None:
    assert Setting("x", "config.toml:3", Layer.FILE, "/home/me/config.toml:3").place == "/home/me/config.toml:3"
    assert Setting("x", "--theme", Layer.FLAG).place == "--theme"


def test_the_environment_is_the_current_one() -> None:
    known = tuple(Environment(name, None, None, None) for name in ("a", "b"))
    assert ResolvedConfig(known, "b", (), Path("x"), no_color=False).environment is known[1]
