from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.sandbox.model_server.watched import ColumnDeviations, WatchedModel, numbers

NUMBERS = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20)


@given(st.lists(NUMBERS, min_size=1, max_size=5))
def test_the_running_deviation_is_that_of_all_values_together(batches: list[list[float]]) -> None:
    deviations = ColumnDeviations()
    for batch in batches:
        deviations.see("x", np.array([*batch, np.nan]))
    values = np.concatenate([np.array(batch) for batch in batches])
    assert deviations.deviation("x") == pytest.approx(values.std(), rel=1e-6, abs=1e-3)


class Model:
    """Answers with its own input."""

    metadata = "the model's"

    def predict(self, data: Any, params: dict[str, Any] | None = None) -> Any:
        return data

    def get_raw_model(self) -> Any:
        raise NotImplementedError


def test_drift_shifts_numeric_columns_by_the_deviations_seen_and_keeps_their_types() -> None:
    drift, seen = [0.0], list[float]()
    model = WatchedModel(Model(), lambda: drift[0], seen.extend)
    data = pd.DataFrame({"width": [1.0, 3.0], "count": [10, 20], "kind": ["a", "b"]})
    pd.testing.assert_frame_equal(model.predict(data), data)
    drift[0] = 2.0
    expected = pd.DataFrame({"width": [3.0, 5.0], "count": [20, 30], "kind": ["a", "b"]})
    pd.testing.assert_frame_equal(model.predict(data), expected)
    assert data["width"].tolist() == [1.0, 3.0], "the request's own data must stay as they are"


@pytest.mark.parametrize(
    ("answer", "observed"),
    [
        (np.array([0, 2, 1]), [0, 2, 1]),
        ([True, False], [1, 0]),
        (pd.Series([1.5, np.nan]), [1.5]),
        (pd.DataFrame({"a": [0.1, 0.9], "b": [0.9, 0.1]}), [1, 0]),
        (np.array([["y"], ["n"]]), [1, 0]),
        (np.array(["other"]), []),
        (pd.DataFrame({"a": ["y", "n"]}), [1, 0]),
    ],
)
def test_what_is_observed_of_an_answer(answer: Any, observed: list[float]) -> None:
    assert list(numbers(answer, {"n": 0, "y": 1})) == observed
