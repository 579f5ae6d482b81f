"""Refusals in the server's own words."""

from __future__ import annotations

import pytest

from modeldeck.sources.kubernetes import responses


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"kind": "Status", "message": "it is invalid"}', "it is invalid"),
        (
            b'{"kind": "Status", "message": "invalid: a", "details": {"causes": [{"message": "a"}, {"field": "spec.x", "message": "b"}]}}',
            "invalid: a; spec.x: b",
        ),
        (b'{"kind": "Status", "reason": "Expired"}', "Expired"),
        (b'{"kind": "Table"}', ""),
        (b"<html>", ""),
    ],
)
def test_the_servers_own_words(body: bytes, message: str) -> None:
    assert responses.explain(body) == message


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b"[" * 300_000, b'{"kind": 3}'])
def test_what_is_no_refusal_of_the_server_explains_nothing(body: bytes) -> None:
    assert responses.explain(body) == ""
