"""A loaded model as the scoring server sees it, with its inputs shifted on demand and its predictions observed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

Data = Any  # what MLflow's scoring server parsed: a DataFrame, an array, or a dict of arrays; and what models return


class ColumnDeviations:
    """Running standard deviation of each column over all rows seen (Welford's method, a batch at a time)."""

    def __init__(self) -> None:
        self._count: dict[str, int] = {}
        self._mean: dict[str, float] = {}
        self._squares: dict[str, float] = {}

    def see(self, column: str, values: np.ndarray[Any, Any]) -> None:
        """Take in the finite values of one column."""
        finite = values[np.isfinite(values)].astype(float)
        if finite.size == 0:
            return
        count, mean = self._count.get(column, 0), self._mean.get(column, 0.0)
        total, step = count + finite.size, float(finite.mean()) - mean
        self._count[column] = total
        self._mean[column] = mean + step * finite.size / total
        inside = float(((finite - finite.mean()) ** 2).sum())
        self._squares[column] = self._squares.get(column, 0.0) + inside + step * step * count * finite.size / total

    def deviation(self, column: str) -> float:
        """The standard deviation so far; 0 until two values were seen."""
        count = self._count.get(column, 0)
        return math.sqrt(self._squares[column] / count) if count > 1 else 0.0


class WatchedModel:
    """Wraps a pyfunc model: `drift()` says by how many standard deviations of what it has seen numeric inputs are shifted.

    Has just the two attributes that MLflow's scoring server uses.
    """

    def __init__(self, model: Any, drift: Callable[[], float], observe: Callable[[Iterator[float]], None]) -> None:
        self.metadata = model.metadata
        self._model, self._drift, self._observe = model, drift, observe
        self._deviations = ColumnDeviations()
        self._classes = {str(name): index for index, name in enumerate(_classes(model))}

    def predict(self, data: Data, params: dict[str, Any] | None = None) -> Data:
        """The model's own prediction of the (perhaps shifted) data."""
        if isinstance(data, pd.DataFrame):
            data = self._shifted(data, self._drift())
        answer = self._model.predict(data, params=params)
        self._observe(numbers(answer, self._classes))
        return answer

    def _shifted(self, data: pd.DataFrame, drift: float) -> pd.DataFrame:
        numeric = data.select_dtypes("number")
        for column in numeric:
            self._deviations.see(str(column), numeric[column].to_numpy(dtype=float))
        if drift == 0:
            return data
        shifted = data.copy()
        for column, values in numeric.items():
            moved = values + drift * self._deviations.deviation(str(column))
            # Integer columns stay integer: the model's signature would refuse anything else.
            shifted[column] = moved if values.dtype.kind == "f" else moved.round().astype(values.dtype)
        return shifted


def numbers(answer: Data, classes: Mapping[str, int]) -> Iterator[float]:
    """The predicted numbers: of vectors each value, of probability tables each row's most likely column, of text its class index."""
    values = np.asarray(answer)
    if values.dtype.kind in "OUT":
        yield from (float(classes[str(value)]) for value in values.ravel() if str(value) in classes)
        return
    if values.dtype.kind not in "biuf" or values.ndim == 0:
        return
    if values.ndim == 2 and values.shape[1] > 1:
        values = values.argmax(axis=1)
    yield from (float(value) for value in values.ravel() if np.isfinite(value))


def _classes(model: Any) -> Iterable[Any]:
    """The class names of a scikit-learn classifier; of other flavours nothing is known."""
    try:
        return getattr(model.get_raw_model(), "classes_", ())
    except NotImplementedError:
        return ()
