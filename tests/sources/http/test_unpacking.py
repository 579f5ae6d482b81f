"""Bodies come out as they went in, or not at all."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.failures import Malformed, TooLarge
from modeldeck.sources.common import bounds
from modeldeck.sources.http.unpacking import Unpacking, announced
from tests.sources.http.test_line_splitting import cut_up

BOMB = gzip.compress(b" " * (64 * bounds.MIB), 9)


def unpacked(chunks: list[bytes], encoding: str, most: int = 1 << 30) -> bytes:
    unpacking = Unpacking(encoding, backend="any", most=most)
    return b"".join(piece for chunk in chunks for piece in unpacking.pieces(chunk))


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
