"""What is printed: nothing that instructs a terminal, and columns that stand below each other."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.cli import output
from modeldeck.domain.failures import Conflict, Failure, Faulty, Forbidden, NotFound, Rejected, TimedOut, Unreachable
from modeldeck.domain.operations.exit_code import ExitCode


@given(st.text())
def test_json_holds_nothing_that_instructs_a_terminal_and_means_the_same(text: str) -> None:
    written = output._json({"key": [text], "k" + text: 1})
    assert written.isascii() or all(character.isprintable() or character.isspace() for character in written)
    assert "k" + text == "key" or json.loads(written)["key"] == [text]


@pytest.mark.parametrize("sign", ["\x7f", "\x9b2J", "\u202eevil", "\u2066", "\ufeff", "\U000e0041", "\udcff"])
def test_c1_bidi_and_the_like_are_escaped_in_json(sign: str) -> None:
    written = output._json({"key": sign})
    assert sign not in written
    assert json.loads(written)["key"] == sign


@given(st.text())
def test_no_line_for_people_instructs_a_terminal(text: str) -> None:
    told = output.shown(text)
    assert all(character.isprintable() or character in "\n\u00a0\u3000" or character.isspace() for character in told)
    assert not {"\x1b", "\x9b", "\r", "\u2028", "\x85"} & set(told)
    assert output.shown(told) == told


def test_an_absurd_name_does_not_push_a_list_away() -> None:
    assert len(output.short("a" * 90)) == 24


def test_columns_stand_below_each_other_whatever_their_letters() -> None:
    told = output.table(("NAME", "STATE"), [("模型", "done"), ("e\u0301", "ok"), ("a\x1b[2J", "")]).splitlines()
    assert [output.width(line.removesuffix(state)) for line, state in zip(told, ("STATE", "done", "ok"), strict=False)] == [7, 7, 7]
    assert "\x1b" not in "".join(told)


@pytest.mark.parametrize(("text", "cells"), [("", 0), ("abc", 3), ("模型", 4), ("e\u0301", 1), ("🙂", 2)])
def test_how_wide_a_text_is(text: str, cells: int) -> None:
    assert output.width(text) == cells


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (Conflict("x"), ExitCode.REFUSED),
        (Forbidden("x"), ExitCode.REFUSED),
        (NotFound("x"), ExitCode.REFUSED),
        (Rejected("x"), ExitCode.REFUSED),
        (Unreachable("x"), ExitCode.UNREACHABLE),
        (TimedOut("x"), ExitCode.UNREACHABLE),
        (Faulty("x"), ExitCode.UNREACHABLE),
    ],
)
def test_a_failure_that_is_an_answer_is_a_refusal(failure: Failure, code: ExitCode, capsys: pytest.CaptureFixture[str]) -> None:
    assert output.fail_with(failure, as_json=True) == code
    out, err = capsys.readouterr()
    assert json.loads(out)["error"]["code"] == failure.code
    assert err.startswith("modeldeck: ")
