from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.widgets.pane.line_edit import _KEYS, LineEdit


@given(st.text(max_size=20), st.lists(st.one_of(st.sampled_from(sorted(_KEYS)), st.just("insert")), max_size=30))
def test_the_cursor_stays_in_the_text(text: str, keys: list[str]) -> None:
    edit = LineEdit(text, len(text))
    for key in keys:
        edit = edit.insert("ab c") if key == "insert" else edit.press(key) or edit
        assert 0 <= edit.cursor <= len(edit.text)


@pytest.mark.parametrize(
    ("key", "text", "cursor"),
    [
        ("backspace", "one tw", 6),
        ("ctrl+w", "one ", 4),
        ("ctrl+u", "", 0),
        ("home", "one two", 0),
        ("left", "one two", 6),
        ("delete", "one two", 7),
        ("ctrl+k", "one two", 7),
    ],
)
def test_keys(key: str, text: str, cursor: int) -> None:
    assert LineEdit("one two", 7).press(key) == LineEdit(text, cursor)


def test_other_keys_do_not_edit_and_pasted_lines_become_one() -> None:
    assert LineEdit("a", 1).press("f5") is None
    assert LineEdit("ab", 1).insert("x\ny") == LineEdit("ax yb", 4)
