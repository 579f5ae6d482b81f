"""Times and texts of alerts."""

from __future__ import annotations

import pytest

from modeldeck.sources.common.alert_text import seconds_of, summary_of


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1970-01-01T00:00:10.5Z", 10.5),
        ("1970-01-01T01:00:00+01:00", 0.0),
        ("2026-11-30T02:57:11.123456789Z", 1796007431.123456),
        ("1970-01-01T00:00:10", None),
        ("soon", None),
        ("", None),
    ],
)
def test_times(text: str, found: float | None) -> None:
    assert seconds_of(text) == found


def test_the_shortest_kind_of_text_comes_first() -> None:
    assert summary_of({"description": "long", "summary": "short"}) == "short"
    assert summary_of({"summary": "", "description": "long"}) == "long"
    assert summary_of({"message": "m", "runbook_url": "x"}) == "m"
    assert summary_of({"runbook_url": "x"}) == summary_of(None) == ""
