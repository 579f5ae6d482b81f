from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.kubernetes.annotations import HISTORY, OPERATION, OperationAnnotation, history_of, mark_of
from modeldeck.domain.kubernetes.leases import Lease, note_of
from modeldeck.domain.mlflow.registry import ModelVersion
from modeldeck.domain.numerals import whole


@given(st.integers(0, 10**18 - 1))
def test_a_number_is_read(number: int) -> None:
    assert whole(f" {number} ") == number


@pytest.mark.parametrize("text", ["", "-1", "+1", "1.0", "1_0", "²", "٣", "9" * 19, "v1", pytest.param("9" * 5000, id="digits")])
def test_what_is_no_number_of_a_backend_is_none(text: str) -> None:
    assert whole(text) is None


@pytest.mark.parametrize("version", ["9" * 5000, "²"], ids=["digits", "superscript"])
def test_a_version_that_is_no_number_sorts_below_all(version: str) -> None:
    assert ModelVersion("iris", version, None, "READY", "None", None, "").number == -1


DEEP = "[" * 200_000


def test_annotations_that_are_nested_too_deep_tell_nothing() -> None:
    assert mark_of({OPERATION: DEEP}) == OperationAnnotation(DEEP)
    assert history_of({HISTORY: DEEP}) == ()
    lease = Lease("serving", "x", "me", 15.0, None, None, 0, {"modeldeck.dev/lock": DEEP}, resource_version="1")
    assert note_of(lease).id == "me"
