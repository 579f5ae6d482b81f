from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.sandbox.prometheus.scrape import ScrapeTarget, merge, read_targets

names = st.sampled_from(["job", "pod", "le", "exported_job", "exported_pod"])
labels = st.dictionaries(names, st.text(min_size=1, max_size=3))


@given(labels, labels)
def test_the_target_wins_and_nothing_is_lost(exposed: dict[str, str], target: dict[str, str]) -> None:
    merged = dict(merge("m", exposed, tuple(target.items())))
    assert target.items() <= merged.items()
    assert sorted(merged.values()) == sorted([*exposed.values(), *target.values(), "m"])


def test_empty_labels_are_no_labels() -> None:
    assert merge("m", {"a": ""}, (("pod", "p"),)) == (("__name__", "m"), ("pod", "p"))


def test_targets_get_a_job_and_an_instance(tmp_path: Path) -> None:
    file = tmp_path / "targets.json"
    file.write_text(json.dumps([{"targets": ["127.0.0.1:1", "127.0.0.1:2"], "labels": {"pod": "a"}}, {"targets": ["h:3"]}]))
    assert read_targets(file, "servers") == {
        ScrapeTarget("127.0.0.1:1", (("instance", "127.0.0.1:1"), ("job", "servers"), ("pod", "a"))),
        ScrapeTarget("127.0.0.1:2", (("instance", "127.0.0.1:2"), ("job", "servers"), ("pod", "a"))),
        ScrapeTarget("h:3", (("instance", "h:3"), ("job", "servers"))),
    }


@pytest.mark.parametrize("text", ["", "{", "{}x", "[1]", '[{"labels": {}}]', '[{"targets": ["a:1"], "labels": []}]'])
def test_a_file_that_is_being_written_changes_nothing(tmp_path: Path, text: str) -> None:
    file = tmp_path / "targets.json"
    file.write_text(text)
    assert read_targets(file, "servers") is None
    assert read_targets(tmp_path / "missing", "servers") is None
