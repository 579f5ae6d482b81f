"""MLflow's answers as values: numbers of any form, and shapes that are none."""

from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.failures import Malformed
from modeldeck.domain.mlflow.runs import RunStatus
from modeldeck.sources.http.decode import decode
from modeldeck.sources.mlflow.wire import LARGEST, RunsAnswer, explain, number, run_of, run_status, seconds, whole


@given(st.one_of(st.none(), st.integers(), st.floats(), st.text(max_size=20)))
def test_numbers_of_any_form_never_break_a_row(value: float | str | None) -> None:
    assert isinstance(number(value), float) or isinstance(value, int)
    assert isinstance(whole(value), int)
    assert seconds(value) is None or isinstance(seconds(value), float)


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300))
def test_ordinary_values_are_themselves(value: float) -> None:
    assert number(value) == value
    assert number(repr(value)) == value


def test_what_stores_write_for_no_numbers_comes_back() -> None:
    assert number("NaN") is math.nan
    assert (number(LARGEST), number(-LARGEST), number("Infinity")) == (math.inf, -math.inf, math.inf)
    assert math.isnan(number("no number"))


def test_statuses_by_name_and_number_and_unknown_ones() -> None:
    assert (run_status("FINISHED"), run_status(4), run_status("NEW ONE")) == (RunStatus.FINISHED, RunStatus.FAILED, RunStatus.UNKNOWN)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["runs", "info", "data", "run_id", "metrics", "key"]), inner)
        ),
        max_leaves=12,
    )
)
def test_any_json_is_an_answer_or_malformed_with_its_place(value: object) -> None:
    try:
        answer = decode(msgspec.json.encode(value), RunsAnswer, backend="MLflow")
    except Malformed as failure:
        assert failure.message.startswith("unexpected answer")  # noqa: PT017
    else:
        assert all(run_of(entry).id for entry in answer.runs or ())


@given(st.binary(max_size=40))
def test_any_bytes_are_malformed_or_an_answer(body: bytes) -> None:
    assert isinstance(explain(body), str)
    try:
        decode(body, RunsAnswer)
    except Malformed as failure:
        assert failure.message  # noqa: PT017


def test_a_wrong_shape_names_its_path() -> None:
    with pytest.raises(Malformed, match=r"\$\.runs\[1\]\.info\.run_id"):
        decode(b'{"runs": [{"info": {"run_id": "a"}}, {"info": {"run_id": 7}}]}', RunsAnswer)
