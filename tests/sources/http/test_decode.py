"""Answers are values of the wanted shape, or a failure that says where they are not."""

from __future__ import annotations

import gc

import msgspec
import pytest

from modeldeck.domain.failures import Malformed, TooLarge
from modeldeck.sources.common import bounds
from modeldeck.sources.http import decode


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


class Rows(msgspec.Struct):
    rows: list[Row]


def test_the_path_of_what_is_wrong_is_told() -> None:
    with pytest.raises(Malformed, match=r"unexpected answer: .*\$\.rows\[1\]\.a") as wrong:
        decode.decode(b'{"rows":[{"a":1},{"a":"x"}]}', Rows, backend="MLflow")
    assert wrong.value.backend == "MLflow"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "an empty answer where JSON belongs"),
        (b" \n", "an empty answer where JSON belongs"),
        (b"  <html>", "a web page where JSON belongs"),
        (b"{]", "not JSON"),
    ],
)
def test_what_is_no_json_is_told_as_what_it_is(body: bytes, message: str) -> None:
    with pytest.raises(Malformed, match=message):
        decode.decode(body, Rows)


def test_bytes_that_are_no_text_are_no_json() -> None:
    with pytest.raises(Malformed, match="not JSON"):
        decode.decode(b'["\xff"]', list)


@pytest.mark.parametrize("paused", [False, True])
def test_the_collector_is_left_as_it_was(paused: bool) -> None:
    if paused:
        gc.disable()
    try:
        with decode.collector_paused():
            assert not gc.isenabled()
        assert gc.isenabled() is not paused
    finally:
        gc.enable()
