"""Text that goes to journals, annotations and terminals, and times."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from tui.operations.words import from_iso, harmless, harmless_lines, has_orders, iso


@given(text=st.text(), keep=st.booleans())
def test_harmless_text_gives_no_orders_and_stays_as_it_is(text: str, keep: bool) -> None:
    said = harmless(text, keep_blanks=keep)
    assert not has_orders(said)
    assert harmless(said, keep_blanks=keep) == said
    assert len(said) <= 2000


@given(text=st.text(alphabet=st.characters(categories=["L", "N", "P"]), max_size=100))
def test_plain_text_is_left_alone(text: str) -> None:
    assert harmless(text) == text


def test_what_terminals_act_on_is_taken_out() -> None:
    assert harmless("\x1b]0;x\x07[red] a\u202eb\tc\r\nd") == "·]0;x·[red] a·b c d"
    assert unicodedata.category("\u202e") == "Cf"


def test_the_last_lines_of_a_log_that_say_something() -> None:
    log = "start\n\n  File x\n    call()\n    ^^^^^^\nValueError: no\x1b[0m\n"
    assert harmless_lines(log, last=3) == ("File x", "call()", "ValueError: no·[0m")


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
