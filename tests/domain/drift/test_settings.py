"""Baselines by name, and which settings a deployment has."""

from __future__ import annotations

import pytest

from modeldeck.domain.drift.settings import BaselineChoice, BaselineKind, DriftRules, DriftSettings, baseline_of


@pytest.mark.parametrize(
    ("text", "kind", "seconds"),
    [
        ("training", BaselineKind.TRAINING, 0.0),
        ("previous", BaselineKind.PREVIOUS, 0.0),
        ("7d", BaselineKind.PAST, 604800.0),
        ("12h", BaselineKind.PAST, 43200.0),
        ("90m", BaselineKind.PAST, 5400.0),
    ],
)
def test_a_baseline_and_its_name(text: str, kind: BaselineKind, seconds: float) -> None:
    assert baseline_of(text) == BaselineChoice(kind, seconds)
    assert str(baseline_of(text)) == text


@pytest.mark.parametrize("text", ["", "past", "0d", "91d", "7", "7 d", "-1d", "99999999d", "1s", "Training"])
def test_anything_else_is_refused_with_what_was_expected(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        baseline_of(text)


def test_later_patterns_are_laid_over_earlier_ones() -> None:
    rules = DriftRules((("*", {"window": 600.0}), ("serving/*", {"histograms": ("age",)}), ("serving/iris", {"window": 60.0})))
    assert rules.of("other/wine") == DriftSettings(window=600.0)
    assert rules.of("serving/wine") == DriftSettings(window=600.0, histograms=("age",))
    assert rules.of("serving/iris") == DriftSettings(window=60.0, histograms=("age",))
    assert DriftRules().of("serving/iris") == DriftSettings(BaselineChoice(BaselineKind.PREVIOUS), 3600.0, ())
