"""`modeldeck_baseline.json`: what is read, and what is refused with what was expected."""

from __future__ import annotations

import contextlib
import json
import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.drift.training import FILE, MOST_BYTES, read_baseline
from tests.support.documents import document


def file(**histograms: object) -> bytes:
    return json.dumps({"histograms": histograms}).encode()


def test_counts_of_each_bucket_alone_become_a_histogram() -> None:
    found = read_baseline(
        file(model_prediction_value={"le": [0, 1.5, "+Inf"], "counts": [12, 40, 3]}, age_bucket={"le": ["+Inf"], "counts": [1]})
    )
    assert found == {"model_prediction_value": ((0.0, 12.0), (1.5, 52.0), (math.inf, 55.0)), "age": ((math.inf, 1.0),)}


def test_pythons_own_infinity_is_read_as_well() -> None:
    assert read_baseline(b'{"histograms": {"a": {"le": [1, Infinity], "counts": [1, 2]}}}') == {"a": ((1.0, 1.0), (math.inf, 3.0))}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"{", "expected JSON"),
        (b"\xff", "expected JSON"),
        (b"[" * 100_000, "expected JSON"),
        (b"[]", "histograms"),
        (b'{"histograms": []}', "histograms"),
        (b" " * (MOST_BYTES + 1), "512 KiB"),
        (file(**{f"h{n}": {"le": ["+Inf"], "counts": [1]} for n in range(201)}), "at most 200 histograms"),
        (file(a=5), "as many of the one"),
        (file(a={"le": [], "counts": []}), "as many of the one"),
        (file(a={"le": [1, "+Inf"], "counts": [1]}), "as many of the one"),
        (file(a={"le": [*range(400), "+Inf"], "counts": [1] * 401}), "at most 400 buckets"),
        (file(a={"le": [1, 1, "+Inf"], "counts": [1, 1, 1]}), "rising"),
        (file(a={"le": ["+Inf", 1], "counts": [1, 1]}), "rising"),
        (file(a={"le": [1, 2], "counts": [1, 1]}), '"+Inf" as the last bound'),
        (file(a={"le": [1, "+Inf"], "counts": [1, -1]}), "counts of 0 or more"),
        (file(a={"le": [1, "+Inf"], "counts": [1, True]}), "counts of 0 or more"),
        (b'{"histograms": {"a": {"le": [1, "+Inf"], "counts": [1, NaN]}}}', "counts of 0 or more"),
        (b'{"histograms": {"a": {"le": [NaN, "+Inf"], "counts": [1, 1]}}}', "numbers and"),
        (b'{"histograms": {"a": {"le": [-Infinity, "+Inf"], "counts": [1, 1]}}}', "numbers and"),
        (file(a={"le": [10**400, "+Inf"], "counts": [1, 1]}), "numbers and"),
        (file(a={"le": [None, "+Inf"], "counts": [1, 1]}), "numbers and"),
        (file(a={"le": [[], "+Inf"], "counts": [1, 1]}), "numbers and"),
    ],
)
def test_what_is_wrong_is_said(data: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message.replace("+", r"\+")):
        read_baseline(data)


def test_what_the_document_gives_to_log_is_what_prometheus_would_have_counted() -> None:
    """A value on a bound belongs to the bucket below it."""
    [text] = re.findall(r"^```python\n(.*?)^```", document("docs/drift.md"), re.MULTILINE | re.DOTALL)
    logged: dict[str, bytes] = {}

    class Mlflow:
        @staticmethod
        def log_dict(body: object, name: str) -> None:
            logged[name] = json.dumps(body).encode()

    values = [-3.0, 0.5, 0.6, 1.0, 1.5, 2.5, 2.6, 99.0]
    exec(text, {"np": np, "mlflow": Mlflow, "values": np.array(values)})
    histogram = read_baseline(logged[FILE])["petal_width"]
    assert histogram == tuple((bound, float(sum(value <= bound for value in values))) for bound in (0.5, 1.0, 1.5, 2.0, 2.5, math.inf))


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_whatever_stands_there_is_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        read_baseline(data)
