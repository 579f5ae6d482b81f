from __future__ import annotations

import math
import struct
import zlib

import pytest

from modeldeck.sandbox.mlflow_server.recipes import Method, Parameter
from modeldeck.sandbox.mlflow_server.training import Data, build, fit, judge, load, matrix_png, matrix_text


@pytest.fixture(scope="module")
def iris() -> Data:
    return load("iris")


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        ("forest", {"n_estimators": 5, "max_depth": 2}),
        ("logistic", {"C": 1.0}),
        ("boosting", {"n_estimators": 3, "learning_rate": 0.1}),
        ("neighbours", {"n_neighbors": 3}),
        ("network", {"hidden": 4, "epochs": 3}),
    ],
)
def test_every_method_trains_with_a_history(iris: Data, method: Method, parameters: dict[str, Parameter]) -> None:
    estimator = build(method, parameters)
    points = list(fit(estimator, method, parameters, iris))
    assert len(points) >= 3
    by_key: dict[str, list[int]] = {}
    for point in points:
        assert math.isfinite(point.value)
        by_key.setdefault(point.key, []).append(point.step)
    assert all(steps == sorted(set(steps)) for steps in by_key.values())
    metrics, matrix = judge(estimator, iris)
    assert 0 < metrics["accuracy"] <= 1
    assert sum(map(sum, matrix)) == len(iris.test)


def test_impossible_parameters_are_refused(iris: Data) -> None:
    with pytest.raises(ValueError, match="n_estimators"):
        list(fit(build("forest", {"n_estimators": 0, "max_depth": 1}), "forest", {"n_estimators": 0}, iris))


def test_the_picture_is_a_png() -> None:
    picture = matrix_png([[3, 0], [1, 2]], cell=2)
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", picture[16:24]) == (4, 4)
    size = struct.unpack(">I", picture[33:37])[0]
    lines = zlib.decompress(picture[41 : 41 + size])
    assert lines[:5] == b"\0" + bytes([0, 0, 255, 255])


def test_the_table_is_aligned() -> None:
    lines = matrix_text([[10, 0], [1, 200]], ("setosa", "virginica")).splitlines()
    assert [len(line) for line in lines] == [30, 30, 30]
    assert lines[2].split() == ["virginica", "1", "200"]
