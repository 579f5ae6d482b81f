"""Text that goes to journals, annotations and terminals, and times."""

from __future__ import annotations

import getpass
import os
import socket
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.operations.common.text import actor, from_iso, has_orders, iso, new_id, sanitize, sanitize_lines


@given(text=st.text(), keep=st.booleans())
def test_harmless_text_gives_no_orders_and_stays_as_it_is(text: str, keep: bool) -> None:
    said = sanitize(text, keep_blanks=keep)
    assert not has_orders(said)
    assert sanitize(said, keep_blanks=keep) == said
    assert len(said) <= 2000


@given(text=st.text(alphabet=st.characters(categories=["L", "N", "P"]), max_size=100))
def test_plain_text_is_left_alone(text: str) -> None:
    assert sanitize(text) == text


def test_what_terminals_act_on_is_taken_out() -> None:
    assert sanitize("\x1b]0;x\x07[red] a\u202eb\tc\r\nd") == "·]0;x·[red] a·b c d"
    assert unicodedata.category("\u202e") == "Cf"


def test_the_last_lines_of_a_log_that_say_something() -> None:
    log = "start\n\n  File x\n    call()\n    ^^^^^^\nValueError: no\x1b[0m\n"
    assert sanitize_lines(log, last=3) == ("File x", "call()", "ValueError: no·[0m")


@given(at=st.floats(0, 4e9))
def test_times_are_read_back_to_the_millisecond(at: float) -> None:
    text = iso(at)
    assert text is not None
    assert text.endswith("Z")
    again = from_iso(text)
    assert again is not None
    assert abs(again - at) <= 0.0011


@given(text=st.text())
def test_what_is_no_time_is_none(text: str) -> None:
    assert from_iso(text) is None or isinstance(from_iso(text), float)


def test_what_is_too_long_ends_with_an_ellipsis() -> None:
    assert sanitize("abcdef", limit=6) == "abcdef"
    assert sanitize("abcdefg", limit=6) == "abcde…"
    assert sanitize("abcd  efg", limit=6) == "abcd…", "no blank stands before it"
    assert len(sanitize("x" * 3000)) == 2000


def test_columns_are_kept_where_they_are_wanted() -> None:
    assert sanitize("a  b\tc  ", keep_blanks=True) == "a  b c"
    assert sanitize("a  b\tc  ") == "a b c"


def test_of_a_log_the_last_eight_lines_are_kept_each_within_its_width() -> None:
    assert sanitize_lines("\n".join(str(number) for number in range(12))) == tuple(str(number) for number in range(4, 12))
    (wide,) = sanitize_lines("x" * 300)
    assert (len(wide), wide[-1]) == (240, "…")
    assert sanitize_lines("---\n===\n~~~\n***\n^^^\n  ") == ()


def test_times_have_milliseconds_and_a_zone() -> None:
    assert iso(None) is None
    assert iso(1_800_000_000.25) == "2027-01-15T08:00:00.250Z"
    assert from_iso("2027-01-15T08:00:00Z") == from_iso("2027-01-15T08:00:00") == from_iso("2027-01-15T09:00:00+01:00") == 1_800_000_000.0


def test_an_id_sorts_by_its_time_and_two_of_one_second_differ() -> None:
    ids = [new_id(1_800_000_000.0) for _ in range(20)]
    assert {one[:16] for one in ids} == {"20270115-080000-"}
    assert {len(one) for one in ids} == {20}
    assert len(set(ids)) > 1


@pytest.mark.parametrize("error", [KeyError, OSError])
def test_who_has_no_name_is_their_uid(monkeypatch: pytest.MonkeyPatch, error: type[Exception]) -> None:
    """Before Python 3.13 it is a KeyError."""

    def nobody() -> str:
        raise error

    monkeypatch.setattr(socket, "gethostname", lambda: "box\nroot@other")
    assert actor() == f"{getpass.getuser()}@box root@other"
    monkeypatch.setattr(getpass, "getuser", nobody)
    assert actor() == f"{os.getuid()}@box root@other"
