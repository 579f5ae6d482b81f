"""What a terminal may send: pastes in pieces, floods, and bytes that mean nothing."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from textual import events
from textual.message import Message

from modeldeck.terminal.keyboard import FLOOD, HIGHEST, KEPT, WIDEST, Keyboard
from modeldeck.terminal.sequences import PASTE_LIMIT

START, END = b"\x1b[200~", b"\x1b[201~"


def keys(found: list[Message]) -> list[str]:
    return [event.key for event in found if isinstance(event, events.Key)]


def pasted(found: list[Message]) -> list[str]:
    return [event.text for event in found if isinstance(event, events.Paste)]


def in_pieces(data: bytes, cuts: list[int]) -> list[Message]:
    keyboard, found, begin = Keyboard(), [], 0
    for end in [*sorted({cut % (len(data) + 1) for cut in cuts}), len(data)]:
        found += keyboard.feed(data[begin:end])
        begin = end
    return found


@given(st.lists(st.integers(0, 200)))
@example([1, 2, 3, 4, 5, 6, 7])
def test_a_paste_is_one_event_without_orders_wherever_it_is_cut(cuts: list[int]) -> None:
    found = in_pieces(b"a" + START + "x\x1b[31mü\x1b]52;c;aa\x07q\r\x1b[20".encode() + END + b"b", cuts)
    assert keys(found) == ["a", "b"]
    assert pasted(found) == ["x[31mü]52;c;aaq[20"]


def test_a_big_paste_is_cut_and_the_key_after_it_is_heard() -> None:
    found = Keyboard().feed(START + b"\x1b[31mab" * 40_000 + END + b"q")
    assert keys(found) == ["q"]
    assert [len(text) <= PASTE_LIMIT for text in pasted(found)] == [True]


def test_a_paste_whose_end_is_lost_ends_with_the_pause() -> None:
    keyboard = Keyboard()
    assert keyboard.feed(START + b"abc\x1b[2") == []
    assert keyboard.quiet(0.5) == []
    assert pasted(keyboard.quiet(1.0)) == ["abc[2"]
    assert keys(keyboard.feed(b"q")) == ["q"]


def test_escape_alone_is_a_key_when_nothing_follows() -> None:
    keyboard = Keyboard()
    assert keyboard.feed(b"\x1b") == []
    assert keyboard.waits
    assert keyboard.quiet(0.05) == []
    assert keys(keyboard.quiet(0.1)) == ["escape"]
    assert not keyboard.waits
    assert keys(in_pieces(b"\x1b[A\x1b[5~", [1, 2, 4])) == ["up", "pageup"]


def test_of_a_flood_only_the_last_keys_count() -> None:
    assert keys(Keyboard().feed(b"x" * FLOOD)) == ["x"] * FLOOD
    assert keys(Keyboard().feed(b"x" * 1000 + b"q")) == ["x"] * (KEPT - 1) + ["q"]
    assert len(keys(Keyboard().feed(b"\x1b" * 50_000))) <= KEPT * 4
    assert keys(Keyboard().feed(b"\x1b[A" * 50_000 + b"q"))[-1] == "q"


@given(
    st.lists(st.binary(max_size=40) | st.sampled_from([START, END, b"\x1b[", b"\x1b[48;", b"9" * 12, b";", b"u", b"t", b"\x1b[<", b"M"]))
)
@example([b"\xff\xfe", b"\x1b[99999999999u"])
@example([b"\x1b[48;999999;999999;1;1t"])
@example([b"\x1b[48;0;0;0;0t", b"\x1b[<0;1;1M"])
@example([b"\x1b[1114112;1;1114112u"])
def test_nothing_that_is_sent_breaks_it_or_claims_an_absurd_screen(pieces: list[bytes]) -> None:
    keyboard = Keyboard()
    for piece in pieces:
        for event in keyboard.feed(piece):
            if isinstance(event, events.Resize):
                assert 0 < event.size.width <= WIDEST
                assert 0 < event.size.height <= HIGHEST
    for seconds in (0.5, 1.0, 3.0, 10.0):
        keyboard.quiet(seconds)
    keyboard.feed(b"\x1b[0m")  # ends whatever sequence is under way
    assert keys(keyboard.feed(b"q"))[-1:] == ["q"]


@pytest.mark.parametrize("cut", range(1, 8))
def test_what_the_terminal_answers_to_the_pacing_is_counted_and_is_no_key(cut: int) -> None:
    keyboard, answer = Keyboard(), b"\x1b[?62;4c"
    found = keyboard.feed(answer[:cut]) + keyboard.feed(answer[cut:] + b"j")
    assert [event.key for event in found if isinstance(event, events.Key)] == ["j"]
    assert keyboard.answers() == 1
    assert keyboard.answers() == 0


@pytest.mark.parametrize(("answer", "repeats"), [(b"\x1b[2;5R", True), (b"\x1b[2;2R", False), (b"\x1b[1;5R", False)])
def test_where_the_cursor_is_tells_whether_the_terminal_repeats_characters(answer: bytes, repeats: bool) -> None:
    keyboard = Keyboard()
    assert keyboard.feed(answer) == []
    assert keyboard.repeats is repeats
