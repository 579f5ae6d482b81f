"""What is asked about predicted values."""

from __future__ import annotations

from modeldeck.domain.metrics.charts.predictions import MEAN, prediction_queries


def test_quantiles_come_from_the_buckets_and_the_mean_from_series_that_did_not_begin_anew() -> None:
    found = prediction_queries("y", 'pod="a"', step=300.0)
    assert found["predicted p10"] == 'histogram_quantile(0.1, sum by (le) (rate(y_bucket{pod="a"}[315s])))'
    whole = 'resets(y_count{pod="a"}[315s]) == 0'
    assert found[MEAN] == f'sum (delta(y_sum{{pod="a"}}[315s]) and {whole}) / sum (delta(y_count{{pod="a"}}[315s]) and {whole})'
