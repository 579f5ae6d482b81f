"""Answers of terminals are no keys, in whatever pieces and however late they come."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from textual import events
from textual.message import Message

from modeldeck.terminal.keyboard import AltKey, Keyboard
from tests.support.answers import ANSWERS

PAUSES = (0.0, 0.05, 0.3, 0.7, 1.5, 4.0)
"""Seconds between the pieces of an answer."""
LOOKS = (0.02, 0.1, 0.2, 0.4, 0.5, 0.6, 1.0, 1.5, 2.0, 3.0, 4.0, 10.0, 20.0)
"""When the reader looks, in seconds of silence."""
BARE = {
    b"\x1b[": "left_square_bracket",
    b"\x9b": "left_square_bracket",
    b"\x1b]": "right_square_bracket",
    b"\x1bP": "P",
    b"\x1b_": "underscore",
}
"""What begins an answer, and is alt and a key where nothing follows: none that means anything."""


def read(*pieces: bytes, pause: float = 0.0) -> list[Message]:
    keyboard, found = Keyboard(), []
    for index, piece in enumerate(pieces):
        if index:
            found += waited(keyboard, pause)
        found += keyboard.feed(piece)
    found += waited(keyboard, LOOKS[-1])
    return found + keyboard.feed(b"k")


def waited(keyboard: Keyboard, seconds: float) -> list[Message]:
    return [event for look in LOOKS if look <= seconds for event in keyboard.quiet(look)]


def typed(found: list[Message]) -> list[str]:
    """Keys, clicks and pastes."""
    return [getattr(event, "key", type(event).__name__) for event in found if isinstance(event, events.InputEvent | events.Paste)]


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_an_answer_in_pieces_types_nothing(answer: bytes) -> None:
    assert typed(read(answer)) == ["k"]
    assert typed(read(*(answer[i : i + 1] for i in range(len(answer))))) == ["k"]
    for cut, pause in itertools.product(range(1, len(answer)), PAUSES):
        found = typed(read(answer[:cut], answer[cut:], pause=pause))
        if answer[:cut] == b"\x1b" and pause > 0.1:
            assert found == ["escape", "k"]  # nobody can know better: it was the key
        elif answer[:cut] in BARE and pause > 0.5:
            assert found == [f"alt+{BARE[answer[:cut]]}", "k"]
        else:
            assert found == ["k"], (cut, pause)


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_an_answer_in_three_pieces_types_nothing(answer: bytes) -> None:
    for first, second in itertools.combinations(range(3, len(answer)), 2):
        for pause in (0.05, 1.5):
            assert typed(read(answer[:first], answer[first:second], answer[second:], pause=pause)) == ["k"]


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_an_answer_whose_end_is_lost_types_nothing_and_the_keys_work_again(answer: bytes) -> None:
    for length in range(3, len(answer)):
        keyboard = Keyboard()
        assert typed(keyboard.feed(answer[:length]) + waited(keyboard, 20.0)) == []
        keyboard.feed(b"k")  # the key that ends a control sequence is lost with it
        assert typed(keyboard.feed(b"k")) == ["k"]


CONTENT = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x2FFF, blacklist_characters="\x7f", blacklist_categories=["Cc", "Cs"]))
STRINGS = st.builds(
    lambda introducer, content, end: f"\x1b{introducer}{content}".encode() + (end if introducer == "]" else b"\x1b\\"),
    st.sampled_from("]P_^X"),
    CONTENT,
    st.sampled_from([b"\x07", b"\x1b\\"]),
)
CONTROLS = st.builds(
    lambda private, parameters, final: f"\x1b[{private}{parameters}{final}".encode(),
    st.sampled_from("?>="),
    st.text("0123456789;:$ \"'!#%", max_size=300),
    st.characters(min_codepoint=0x40, max_codepoint=0x7E),
)


@given(st.lists(STRINGS | CONTROLS, min_size=1, max_size=4), st.lists(st.integers(0, 2000)), st.sampled_from([0.0, 0.05, 0.09]))
@example([b"\x1b]y\x07", b"\x1b[?y"], [1, 2, 3, 4, 5, 6], 0.05)
def test_whatever_is_well_formed_and_not_understood_types_nothing(answers: list[bytes], cuts: list[int], pause: float) -> None:
    data = b"".join(answers)
    ends = [0, *sorted({cut % len(data) for cut in cuts}), len(data)]
    assert typed(read(*(data[begin:end] for begin, end in itertools.pairwise(ends)), pause=pause)) == ["k"]


@given(STRINGS | CONTROLS, st.integers(3, 2000), st.lists(st.sampled_from([b"y", b"\x1b[A", b"q"]), max_size=3))
def test_one_that_never_ends_is_given_up_and_its_content_is_never_keys(answer: bytes, length: int, later: list[bytes]) -> None:
    text = answer.decode()
    begun = text[: 3 + length % max(1, len(text) - 4)]
    if begun == text:
        return
    keyboard = Keyboard()
    assert typed(keyboard.feed(begun.encode()) + waited(keyboard, 20.0)) == []
    keyboard.feed(b"k")
    for key in later:
        assert len(typed(keyboard.feed(key))) == 1


def test_a_key_in_the_middle_of_a_lost_answer_is_heard_after_it() -> None:
    keyboard = Keyboard()
    assert typed(keyboard.feed(b"\x1b]11;rgb:00\x1b[A")) == ["up"]
    assert typed(keyboard.feed(b"\x1bP>|x\x03")) == ["ctrl+c"]
    assert typed(keyboard.feed(b"\x1b[?12\rk")) == ["enter", "k"]


def test_a_long_answer_is_not_taken_for_a_flood_of_keys() -> None:
    assert typed(Keyboard().feed(b"\x1b]52;c;" + b"eXF5" * 20_000 + b"\x07q")) == ["q"]
    assert typed(Keyboard().feed(b"\x1b[?" + b"1;" * 20_000 + b"cq")) == ["q"]


def test_what_comes_while_nothing_is_late_is_typed() -> None:
    keyboard = Keyboard()
    assert typed(keyboard.feed(b"\x1b") + waited(keyboard, 0.1)) == ["escape"]
    assert typed(keyboard.feed(b"4") + keyboard.feed(b"]") + keyboard.feed(b"?")) == ["4", "right_square_bracket", "question_mark"]
    assert typed(keyboard.feed(b"\x1b") + waited(keyboard, 10.0) + keyboard.feed(b"[A")) == ["escape", "left_square_bracket", "A"]
    assert typed(keyboard.feed(b"\x1b") + waited(keyboard, 0.2) + keyboard.feed(b"[A")) == ["escape", "up"]


@pytest.mark.parametrize(
    ("sent", "alt", "apart"),
    [
        (b"\x1bq", "alt+q", ["escape", "q"]),
        (b"\x1b?", "alt+question_mark", ["escape", "question_mark"]),
        (b"\x1b1", "alt+1", ["escape", "1"]),
        (b"\x1bb", "ctrl+left", ["escape", "b"]),
        (b"\x1b\x7f", "ctrl+w", ["escape", "backspace"]),
        (b"\x1b\r", "alt+enter", ["escape", "enter"]),
    ],
)
def test_escape_and_a_key_in_one_packet_are_both(sent: bytes, alt: str, apart: list[str]) -> None:
    (found,) = Keyboard().feed(sent)
    assert isinstance(found, AltKey)
    assert found.key == alt
    assert [key.key for key in found.apart] == apart


def test_escape_before_what_may_begin_an_answer_is_known_by_the_silence() -> None:
    for character in "O[]PX":
        keyboard = Keyboard()
        assert keyboard.feed(b"\x1b" + character.encode()) == []
        assert keyboard.waits
        (found,) = waited(keyboard, 0.5)
        assert isinstance(found, AltKey)
        assert [key.character for key in found.apart] == ["\x1b", character]


def test_keys_of_all_forms_are_keys() -> None:
    sent = b"\x1b[A\x1bOB\x1bOP\x1b[15~\x1b[[A\x1b[1;5C\x1b[121;;121u\x1b\x1b[A\x1bOq\x1b[3$"
    keyboard = Keyboard()
    found = typed(keyboard.feed(sent) + waited(keyboard, 0.1))
    assert found == ["up", "down", "f1", "f5", "f1", "ctrl+right", "y", "escape", "up", "1", "shift+delete"]
