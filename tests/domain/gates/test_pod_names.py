"""Expressions for pods' names, as Kubernetes makes and cuts them."""

from __future__ import annotations

import re

import pytest

from modeldeck.domain.gates.pod_names import pods_of, told_apart


def test_pods_are_those_of_their_replica_sets_and_of_none_there_are_none() -> None:
    expression = pods_of(("iris-5d4f", "iris.v2-7c9b"))
    assert [bool(re.fullmatch(expression, name)) for name in ("iris-5d4f-abcde", "iris.v2-7c9b-00000", "irisxv2-7c9b-00000")] == [
        True,
        True,
        False,
    ]
    assert not re.fullmatch(expression, "iris-5d4f-abcdef")
    assert not re.fullmatch(pods_of(()), "iris-5d4f-abcde")


@pytest.mark.parametrize(("length", "apart"), [(57, True), (58, True), (59, False)])
def test_of_very_long_names_nothing_tells_them_apart(length: int, apart: bool) -> None:
    one, other = ("a" * (length - 1) + end for end in "xy")
    assert told_apart((one,), (other, "z")) is apart
    assert told_apart((one,), ())
    assert not told_apart((one,), (one,))
