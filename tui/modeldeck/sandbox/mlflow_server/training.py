"""Fit one recipe's estimator, step by step, so that its metrics have a history."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from modeldeck.sandbox.mlflow_server.recipes import Method, Parameter

SEED = 7


@dataclass(frozen=True, slots=True)
class Data:
    """A data set, split; frames and series of pandas."""

    name: str
    train: Any
    test: Any
    train_target: Any
    test_target: Any
    classes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """A metric's value after a step of the training (trees, folds or epochs so far)."""

    key: str
    value: float
    step: int


def load(name: str) -> Data:
    """One of scikit-learn's bundled data sets; 30 % of it are kept for testing."""
    import sklearn.datasets
    from sklearn.model_selection import train_test_split

    bunch = getattr(sklearn.datasets, f"load_{name}")(as_frame=True)
    train, test, train_target, test_target = train_test_split(
        bunch.data.astype(float), bunch.target, test_size=0.3, random_state=SEED, stratify=bunch.target
    )
    return Data(name, train, test, train_target, test_target, tuple(str(each) for each in bunch.target_names))


def build(method: Method, parameters: Mapping[str, Parameter]) -> Any:
    """The unfitted estimator. Values that make no sense are scikit-learn's to refuse, when it is fitted."""
    from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if method == "forest":
        return RandomForestClassifier(**parameters, random_state=SEED)
    if method == "boosting":
        return GradientBoostingClassifier(**parameters, max_depth=2, random_state=SEED)
    if method == "neighbours":
        return make_pipeline(StandardScaler(), KNeighborsClassifier(**parameters))
    if method == "network":
        return MLPClassifier((int(parameters["hidden"]),), learning_rate_init=0.005, random_state=SEED)
    return make_pipeline(StandardScaler(), LogisticRegression(**parameters, max_iter=200))


def fit(estimator: Any, method: Method, parameters: Mapping[str, Parameter], data: Data) -> Iterator[Point]:
    """Fit the estimator, and yield its accuracy (and loss) on the way."""
    if method == "forest":
        yield from _grow(estimator, int(parameters["n_estimators"]), data)
    elif method == "network":
        yield from _epochs(estimator, int(parameters["epochs"]), data)
    elif method == "boosting":
        estimator.fit(data.train, data.train_target)
        for step, (loss, guess) in enumerate(zip(estimator.train_score_, estimator.staged_predict(data.test), strict=True), 1):
            yield Point("loss", float(loss), step)
            yield Point("accuracy", float((guess == data.test_target).mean()), step)
    else:
        yield from _folds(estimator, data)
        estimator.fit(data.train, data.train_target)


def _grow(estimator: Any, trees: int, data: Data) -> Iterator[Point]:
    """Accuracy by number of trees: the forest is grown in up to five steps."""
    if trees < 1:
        estimator.fit(data.train, data.train_target)
    estimator.set_params(warm_start=True)
    for count in sorted({max(1, round(trees * share / 5)) for share in range(1, 6)}):
        estimator.set_params(n_estimators=count)
        estimator.fit(data.train, data.train_target)
        yield Point("accuracy", float(estimator.score(data.test, data.test_target)), count)
    estimator.set_params(warm_start=False)


def _epochs(estimator: Any, epochs: int, data: Data) -> Iterator[Point]:
    classes = sorted(set(data.train_target))
    for epoch in range(1, epochs + 1):
        estimator.partial_fit(data.train, data.train_target, classes=classes)
        yield Point("loss", float(estimator.loss_), epoch)
        yield Point("accuracy", float(estimator.score(data.test, data.test_target)), epoch)


def _folds(estimator: Any, data: Data) -> Iterator[Point]:
    from sklearn.model_selection import cross_val_score

    for fold, score in enumerate(cross_val_score(estimator, data.train, data.train_target, cv=4, error_score="raise"), 1):
        yield Point("fold_accuracy", float(score), fold)


def judge(estimator: Any, data: Data) -> tuple[dict[str, float], list[list[int]]]:
    """The final metrics on the test rows, and the confusion matrix (rows: truth, columns: guess)."""
    from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, log_loss

    guess = estimator.predict(data.test)
    metrics = {
        "accuracy": float(accuracy_score(data.test_target, guess)),
        "f1_macro": float(f1_score(data.test_target, guess, average="macro")),
        "log_loss": float(log_loss(data.test_target, estimator.predict_proba(data.test))),
        "train_accuracy": float(estimator.score(data.train, data.train_target)),
    }
    return metrics, [[int(cell) for cell in row] for row in confusion_matrix(data.test_target, guess)]


def matrix_text(matrix: list[list[int]], classes: tuple[str, ...]) -> str:
    """The confusion matrix as a table of text."""
    width = max(6, *(len(name) for name in classes)) + 1
    lines = ["".join(f"{cell:>{width}}" for cell in ("truth", *classes))]
    lines += ["".join(f"{cell!s:>{width}}" for cell in (name, *row)) for name, row in zip(classes, matrix, strict=True)]
    return "\n".join(lines) + "\n"


def matrix_png(matrix: list[list[int]], cell: int = 24) -> bytes:
    """The confusion matrix as a grey picture: matplotlib would take a second to import, a PNG takes these lines."""
    most = max(1, *(max(row) for row in matrix))
    lines = []
    for row in matrix:
        shades = bytes(255 - round(255 * value / most) for value in row for _ in range(cell))
        lines += [b"\0" + shades] * cell
    side = cell * len(matrix)

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"".join(lines))) + chunk(b"IEND", b"")
