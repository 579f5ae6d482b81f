"""Which profile is picked, by what pods export."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modeldeck.domain.metrics.profiles.picking import candidates, metrics_of, pick
from modeldeck.domain.metrics.profiles.profile import Counter, Profile
from modeldeck.domain.metrics.profiles.servers import PROFILES
from tests.support.exported import FASTAPI, NAMES, exports, picked


def test_no_known_server() -> None:
    assert pick(exports("up", "python_info")) is None


@pytest.mark.parametrize("beside", [(), ("go_info", "go_goroutines"), ("nodejs_version_info",), ("http_requests_total",)])
def test_a_name_that_servers_of_any_make_use_is_no_fastapi(beside: tuple[str, ...]) -> None:
    assert pick(exports("http_request_duration_seconds_bucket", *beside)) is None
    assert picked("http_request_duration_seconds_bucket", "python_info", *beside).name == "FastAPI instrumentator"


def test_everything_that_profiles_ask_for_is_looked_for() -> None:
    for profile in PROFILES:
        assert set(profile.metrics) <= set(metrics_of())


def test_the_instrumentator_with_what_stands_beside_it() -> None:
    profile = picked(*NAMES, counted=FASTAPI)
    assert (profile.name, profile.latency, profile.predictions) == (
        "FastAPI instrumentator",
        ("http_request_duration_highr_seconds",),
        "model_prediction_value",
    )
    assert profile.versions == ("model_info", "version")


def test_a_special_server_before_the_general_one() -> None:
    profile = picked(*NAMES, "vllm:request_success_total", counted=FASTAPI)
    assert profile.name == "vLLM"
    assert profile.latency == ()


MINE = Profile("mine", ("mine_total",), requests=(Counter("mine_total"),))


def test_a_configurations_own_is_tried_first_and_looked_for() -> None:
    both = exports("mine_total", "nv_inference_request_success")
    assert [profile.name for profile in (pick(both), pick(both, [MINE])) if profile is not None] == ["Triton", "mine"]
    assert set(metrics_of([MINE])) - set(metrics_of()) == {"mine_total"}
    other = pick(exports("nv_inference_request_success"), [MINE])
    assert other is not None
    assert other.name == "Triton"


def test_one_of_the_same_name_replaces_what_is_built_in() -> None:
    own = replace(MINE, name="Triton")
    assert [profile for profile in candidates([own]) if profile.name == "Triton"] == [own]
    assert pick(exports("nv_inference_request_success"), [own]) is None
