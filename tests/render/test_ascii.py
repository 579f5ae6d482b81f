from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from modeldeck.render.ascii import to_ascii
from modeldeck.render.text import clean


@given(st.text(max_size=60))
def test_is_ascii_and_as_wide_as_before(text: str) -> None:
    cleaned = clean(text)
    assert to_ascii(cleaned).isascii()
    assert to_ascii(cleaned).isprintable()
    assert len(to_ascii(cleaned)) == cell_len(cleaned)


def test_signs_keep_their_sense() -> None:
    assert to_ascii("╭─ 1 Runs ─╮ ▸ v6→v7 ⣿⠉⣀⠀") == "+- 1 Runs -+ > v6>v7 :'. "
