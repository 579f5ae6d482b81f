from __future__ import annotations

import pytest

from modeldeck.screens.deck.panes.run_filter import is_query


@pytest.mark.parametrize(
    "text", ["metrics.accuracy > 0.9", "params.max_depth = '4'", "tags.`mlflow.user` ILIKE 'ann%'", "status = 'FAILED'", "start_time>1"]
)
def test_a_comparison_is_for_the_server(text: str) -> None:
    assert is_query(text)


@pytest.mark.parametrize("text", ["", "fox", "!fox", "sunny-fox-12", "accuracy", "iris like rose"])
def test_words_sift_what_is_loaded(text: str) -> None:
    assert is_query(text) is (text == "iris like rose")
