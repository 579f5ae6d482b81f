"""What comes in is bounded piece by piece: packed bodies, lines, pages, files, values."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.failures import Malformed, TooLarge
from modeldeck.sources.common import bounds, files
from modeldeck.sources.common.bounds import PageTokens
from modeldeck.sources.http import decode
from modeldeck.sources.http.line_splitting import CUT, Lines
from modeldeck.sources.http.unpacking import Unpacking, announced
from modeldeck.sources.prometheus.wire import vector_of

BOMB = gzip.compress(b" " * (64 * bounds.MIB), 9)


def unpacked(chunks: list[bytes], encoding: str, most: int = 1 << 30) -> bytes:
    unpacking = Unpacking(encoding, backend="any", most=most)
    return b"".join(piece for chunk in chunks for piece in unpacking.pieces(chunk))


def cut_up(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


@given(st.binary(max_size=5000), st.integers(1, 700), st.sampled_from(["", "identity", "gzip", "x-gzip", "GZIP", "deflate"]))
def test_a_body_comes_out_as_it_went_in(body: bytes, size: int, encoding: str) -> None:
    packs: dict[str, Callable[[bytes], bytes]] = {"": bytes, "identity": bytes, "deflate": zlib.compress}
    pack = packs.get(encoding, gzip.compress)
    assert unpacked(cut_up(pack(body), size), encoding) == body


@pytest.mark.parametrize("size", [1000, 1 << 20])
def test_a_bomb_is_given_up_at_the_bound(size: int) -> None:
    taken: list[int] = []
    unpacking = Unpacking("gzip", backend="any", most=bounds.MIB)
    with pytest.raises(TooLarge):
        taken.extend(len(piece) for chunk in cut_up(BOMB, size) for piece in unpacking.pieces(chunk))
    assert sum(taken) <= bounds.MIB
    assert max(taken) <= 256 * bounds.KIB


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "compress"])
def test_what_nobody_asked_for_is_no_answer(encoding: str) -> None:
    with pytest.raises(Malformed):
        Unpacking(encoding, backend="any")


def test_what_is_not_packed_as_it_says_is_no_answer() -> None:
    with pytest.raises(Malformed):
        unpacked([b"{}"], "gzip")


@pytest.mark.parametrize(("text", "bytes_"), [("", 0), ("12", 12), ("-1", 0), ("x", 0), ("٣", 0)])
def test_an_announced_length(text: str, bytes_: int) -> None:
    assert announced(text) == bytes_


def test_an_announced_length_of_thousands_of_digits_is_too_large() -> None:
    assert announced("9" * 5000) > bounds.LIST


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


def test_a_token_that_comes_again_ends_a_list() -> None:
    tokens = PageTokens("any")
    assert [tokens.following(token) for token in ("a", "b", "", None)] == ["a", "b", None, None]
    with pytest.raises(Malformed):
        tokens.following("a")


def test_a_list_has_a_last_page() -> None:
    tokens = PageTokens("any")
    handed_out = [tokens.following(str(number)) for number in range(bounds.PAGES)]
    assert None not in handed_out
    with pytest.raises(TooLarge):
        tokens.following("one more")


class Row(msgspec.Struct):
    a: int = 0


@pytest.mark.parametrize(("depth", "message"), [(5_000, "too deep|truncated"), (300_000, "too deep")])
@pytest.mark.parametrize("form", [b"%s", b'{"unknown": %s'])
def test_json_that_is_nested_too_deep_is_malformed(depth: int, message: str, form: bytes) -> None:
    """How deep is too deep is Python's own limit: 3.13 follows 5,000 lists down to the missing end."""
    with pytest.raises(Malformed, match=message):
        decode.decode(form % (b"[" * depth), Row if form != b"%s" else list)


def test_an_answer_of_millions_of_values_is_too_large() -> None:
    with pytest.raises(TooLarge):
        decode.decode(b"[" + b"{}," * (bounds.VALUES // 2) + b"{},{}]", list)
    assert len(decode.decode(b"[" + b"0," * bounds.VALUES + b"0]", list)) == bounds.VALUES + 1


def test_what_a_query_answers_takes_no_more_room_than_the_bounds_say() -> None:
    """1.8 million series of no labels at all are 64 MB of text, and were ten times that as series."""
    series = b",".join([b'{"metric":{},"value":[1,"1"]}'] * 1_800_000)
    with pytest.raises(TooLarge):
        vector_of(b'{"status":"success","data":{"resultType":"vector","result":[' + series + b"]}}", "any")


def test_a_list_of_20000_pods_fits() -> None:
    """84 MB in one answer, as measured, of 3.2 million values."""
    assert bounds.LIST_BODY > 100 * bounds.MIB
    assert bounds.LIST_VALUES > 5_000_000
    assert bounds.OBJECTS > 150_000


def test_a_device_that_never_ends_is_no_file() -> None:
    with pytest.raises(ValueError, match="too large") as caught:
        files.contents(Path("/dev/zero"), 1000)
    assert files.reason_of(caught.value) == "it is too large"
