"""Answers become values here: msgspec Structs that name only what is shown, so that a wrong shape is a Malformed with its path."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import msgspec

from modeldeck.domain.failures import Malformed, TooLarge, failure_from
from modeldeck.sources.common import bounds

T = TypeVar("T")

LARGE = 256 * 1024
"""Bytes from which the collector is paused: it costs three quarters of a large decode, and finds nothing in a tree just being built."""


_DECODERS: dict[object, msgspec.json.Decoder[Any]] = {}
"""Made once a type: the set of types is the code's own, so this does not grow."""


def _decoder(kind: type[T]) -> msgspec.json.Decoder[T]:
    decoder = _DECODERS.get(kind)
    if decoder is None:
        decoder = _DECODERS.setdefault(kind, msgspec.json.Decoder(kind))
    return decoder


def decode(body: bytes, kind: type[T], *, backend: str = "", most: int = bounds.VALUES) -> T:
    """Raises Malformed, with the path of what is wrong (`$.runs[3].info`), and TooLarge for more than `most` values."""
    if len(body) > most and body.count(b",") + body.count(b"{") > most:
        raise TooLarge("its answer is too large: millions of values", backend=backend)
    with as_malformed(body, backend=backend):
        if len(body) < LARGE:
            return _decoder(kind).decode(body)
        with collector_paused():
            return _decoder(kind).decode(body)


@contextmanager
def as_malformed(body: bytes, *, backend: str) -> Iterator[None]:
    """What goes wrong in decoding `body`, or a part of it, is raised as Malformed."""
    try:
        yield
    except msgspec.ValidationError as error:
        raise Malformed(f"unexpected answer: {error}", backend=backend) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Malformed(_not_json(body, error), backend=backend) from None
    except RecursionError as error:
        raise failure_from(error, backend=backend) from None


def _not_json(body: bytes, error: Exception) -> str:
    start = body[:64].lstrip()
    if not start:
        return "an empty answer where JSON belongs"
    if start.startswith(b"<"):
        return "a web page where JSON belongs"
    return f"not JSON: {error}"


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pauses garbage collection, unless somebody else has already."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
