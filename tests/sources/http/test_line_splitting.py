"""Lines do not depend on the chunks that they come in, and none is longer than allowed."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.failures import TooLarge
from modeldeck.sources.common import bounds
from modeldeck.sources.http.line_splitting import CUT, Lines


def cut_up(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


LINES = st.lists(st.binary(max_size=30).map(lambda line: line.replace(b"\n", b"")), max_size=20)


@given(LINES, st.integers(1, 50))
def test_lines_do_not_depend_on_how_they_come(lines: list[bytes], size: int) -> None:
    splitting = Lines(1000, cut=False, backend="any")
    found = [line for chunk in cut_up(b"\n".join(lines), size) for line in splitting.of(chunk)]
    found += splitting.rest()
    expected = [line.removesuffix(b"\r") for line in lines[:-1]] + ([lines[-1]] if lines and lines[-1] else [])
    assert found == expected


@given(LINES, st.integers(1, 50), st.integers(1, 12))
def test_a_long_line_is_cut_and_those_around_it_stay(lines: list[bytes], size: int, longest: int) -> None:
    splitting = Lines(longest, cut=True, backend="any")
    body = b"".join(line + b"\n" for line in lines)
    found = [line for chunk in cut_up(body, size) for line in splitting.of(chunk)]
    assert found == [line.removesuffix(b"\r") if len(line) <= longest else line[:longest] + CUT for line in lines]


def test_a_line_without_an_end_is_too_large() -> None:
    splitting = Lines(100, cut=False, backend="any")
    assert list(splitting.of(b"x" * 100)) == []
    with pytest.raises(TooLarge):
        list(splitting.of(b"x"))


def test_a_line_takes_as_much_as_it_is_long_however_it_comes() -> None:
    splitting = Lines(bounds.MIB, cut=False, backend="any")
    tracemalloc.start()
    try:
        for number in range(bounds.MIB // 4):
            list(splitting.of(b"%02d" % (number % 100)))
        assert tracemalloc.get_traced_memory()[1] < 4 * bounds.MIB
    finally:
        tracemalloc.stop()
