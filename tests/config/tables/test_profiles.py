"""`[profiles.NAME]`: servers that a configuration describes, and everything that is wrong with one, with its line."""

from __future__ import annotations

import pytest

from modeldeck.config import show, show_text
from modeldeck.config.tables.profiles import built
from modeldeck.domain.metrics.exports import Exports
from modeldeck.domain.metrics.profiles.picking import pick
from modeldeck.domain.metrics.profiles.profile import Counter, Profile
from modeldeck.domain.metrics.profiles.saturation import Gauge, SaturationKind
from modeldeck.domain.metrics.profiles.servers import BUILT_IN, failed_of
from tests.config.conftest import Machine
from tests.support.exported import exports

PROMETHEUS = '[environments.prod.prometheus]\nurl = "http://prometheus:9090"\n'


def read(machine: Machine, text: str) -> tuple[Profile, ...]:
    machine.write(PROMETHEUS + text)
    target = machine.good().environment.prometheus
    assert target is not None
    return target.scope.profiles


def told(machine: Machine, text: str) -> list[tuple[int, str, str, str]]:
    machine.write(text)
    problems = machine.bad()
    assert all(problem.where.startswith(f"{machine.config}:") for problem in problems)
    return [(int(problem.where.rpartition(":")[2]), problem.key, problem.message, problem.hint) for problem in problems]


def test_a_new_server(machine: Machine) -> None:
    text = """
[profiles.mine]
requests = 'asked_total{route!="/health"}'
errors = 'asked_total{outcome="bad"}'
latency = "took"
latency_unit = "ms"
versions = { served = "v" }
"""
    assert read(machine, text) == (
        Profile(
            "mine",
            ("asked_total", "took_bucket"),
            latency=("took",),
            latency_scale=1e-3,
            requests=(Counter("asked_total", 'route!="/health"'),),
            errors=(Counter("asked_total", 'outcome="bad"', carried=("outcome",)),),
            versions=("served", "v"),
        ),
    )


def test_what_is_not_said_stays_as_it_is_extended(machine: Machine) -> None:
    (one,) = read(machine, '[profiles.mine]\nextends = "fastapi"\npredictions = "score"\n')
    fastapi = BUILT_IN["fastapi"]
    assert (one.requests_by, built("mine", {"extends": "fastapi", "requests_by": "istio"}).requests_by) == ("", "istio")
    assert (one.name, one.predictions, one.probes, one.signs) == ("mine", "score", fastapi.probes, fastapi.signs)
    assert (one.requests, one.errors, one.latency, one.latency_of_all) == (
        fastapi.requests,
        fastapi.errors,
        fastapi.latency,
        fastapi.latency_of_all,
    )


def test_other_requests_have_failed_ones_of_their_own() -> None:
    """Those of the extended profile would be held against requests that they are no part of."""
    one = built("mine", {"extends": "mlserver", "requests": BUILT_IN["fastapi"].requests})
    assert (one.errors_apart, [(each.metric, bool(each.status)) for each in one.errors]) == (False, [("http_requests_total", True)])


def test_another_histogram_has_its_own_unit_and_matchers() -> None:
    one = built("mine", {"extends": "fastapi", "latency": ("took",)})
    assert (one.latency, one.latency_matchers, one.latency_of_all) == (("took",), "", "")
    assert built("mine", {"extends": "ray-serve", "latency": ("took",)}).latency_scale == 1.0
    of_all = built("mine", {"latency": ("took",), "latency_of_all": True, "latency_matchers": 'a!="b"', "latency_unit": 1e-6})
    assert (of_all.latency_of_all, of_all.latency_matchers, of_all.latency_scale) == ("took", 'a!="b"', 1e-6)


def test_how_full_it_is_is_measured_as_is_said_and_else_as_extended(machine: Machine) -> None:
    (one,) = read(machine, '[profiles.mine]\nextends = "vllm"\nsaturation = { kv_cache = "cache", gpu = "busy" }\n')
    assert one.within(exports("cache", "busy", "vllm:num_requests_waiting", "vllm:kv_cache_usage_perc")).saturation == (
        Gauge(SaturationKind.QUEUE, "vllm:num_requests_waiting"),
        Gauge(SaturationKind.KV_CACHE, "cache"),
        Gauge(SaturationKind.GPU, "busy"),
    )
    assert one.within(exports("vllm:kv_cache_usage_perc")).saturation == (), "another gauge stands in its place"
    assert (one.first_token, one.first_token_scale) == (("vllm:time_to_first_token_seconds",), 1.0)
    other = built("mine", {"extends": "vllm", "first_token": ("first",), "first_token_unit": 1e-3})
    assert (other.first_token, other.first_token_scale) == (("first",), 1e-3)
    assert built("mine", {"extends": "vllm", "saturation": ()}).saturation == BUILT_IN["vllm"].saturation


@pytest.mark.parametrize(
    ("lines", "errors"),
    [
        ("", (failed_of("asked_total"),)),
        ("errors = 'asked_total'", (failed_of("asked_total"),)),
        ("errors = 'asked_total{route!=\"/health\"}'", (failed_of("asked_total", 'route!="/health"'),)),
        ("errors = 'failed_total'", (Counter("failed_total"),)),
        (
            "errors = 'failed_total'\nerrors_sure_with = 'asked_total'\nerrors_leave_out = 'timeouts'",
            (Counter("failed_total", vouchers=("asked_total",), blind_to="timeouts"),),
        ),
        ("errors = []", ()),
    ],
)
def test_failed_requests(machine: Machine, lines: str, errors: tuple[Counter, ...]) -> None:
    (one,) = read(machine, f"[profiles.mine]\nrequests = 'asked_total'\n{lines}\n")
    assert one.errors == errors


@pytest.mark.parametrize(
    ("lines", "probes", "signs"),
    [
        ("requests = 'a'\nlatency = 'b'", ("a", "b_bucket"), ()),
        ("requests = 'a'\ndetect = 'c'", ("c",), ()),
        ("requests = 'a'\nbeside = ['d']", ("a",), ("d",)),
        ("extends = 'fastapi'\nrequests = 'a'", ("a",), ()),
        ("extends = 'fastapi'\nbeside = 'd'", BUILT_IN["fastapi"].probes, ("d",)),
    ],
)
def test_by_what_it_is_told(machine: Machine, lines: str, probes: tuple[str, ...], signs: tuple[str, ...]) -> None:
    (one,) = read(machine, f"[profiles.mine]\n{lines}\n")
    assert (one.probes, one.signs) == (probes, signs)


def test_one_of_a_built_in_name_stands_in_its_place(machine: Machine) -> None:
    own = read(machine, "[profiles.triton]\nrequests = 'nv_inference_count'\n")
    found = pick(Exports.named(["nv_inference_request_success", "nv_inference_count"]), own)
    assert found is not None
    assert (found.name, found.requests[0].metric) == ("Triton", "nv_inference_count")


def test_an_environments_own_stand_in_place_of_those_of_all(machine: Machine) -> None:
    shared = "[profiles.mine]\nrequests = 'a'\n"
    assert [one.name for one in read(machine, shared)] == ["mine"]
    assert [one.name for one in read(machine, f"{shared}[environments.prod.profiles.other]\nrequests = 'b'\n")] == ["other"]


def test_they_are_shown_with_their_place(machine: Machine) -> None:
    read(machine, "[profiles.mine]\nrequests = 'a'\n")
    resolved = machine.good()
    environments = show(resolved)["environments"]
    assert isinstance(environments, dict)
    assert environments["prod"]["profiles"] == ["mine"]
    assert show_text(resolved).splitlines()[-1].split() == ["profiles", "mine", "(config.toml:3)"]


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("profiles = 3", [(1, "profiles", "expected a table for each server, such as [profiles.mine], found an integer", "")]),
        ("[profiles]\nmine = 'x'", [(2, "profiles.mine", "expected a table, found a string", "")]),
        (
            "[profiles.'a b']\nrequests = 'a'",
            [(1, "profiles.a b", "expected letters, digits, '.', '_' and '-', found 'a b'", "")],
        ),
        (
            "[profiles.mine]\nrequest = 'a'\nlatency = 'b'",
            [(2, "profiles.mine.request", "unknown key", "did you mean `requests`?")],
        ),
        (
            "[profiles.mine]\n\nextends = 'torch'\nlatency = 7",
            [
                (
                    3,
                    "profiles.mine.extends",
                    "expected one of vllm, kserve, seldon, mlserver, triton, tf-serving, torchserve, bentoml, ray-serve, "
                    "starlette-exporter, fastapi, found 'torch'",
                    "",
                ),
                (4, "profiles.mine.latency", "expected a string, found an integer", ""),
            ],
        ),
        (
            "[profiles.mine]\ndetect = 'a'",
            [
                (
                    1,
                    "profiles.mine",
                    "expected requests, latency or extends, found none of them",
                    "what is measured of a server is all that it is",
                )
            ],
        ),
        (
            "".join(f"[profiles.p{number}]\nrequests = 'a'\n" for number in range(31)),
            [(1, "profiles", "expected at most 30 profiles, found 31", "")],
        ),
        (
            "[environments.prod.profiles.mine]\nextend = 'vllm'\nrequests = 'a'",
            [(2, "environments.prod.profiles.mine.extend", "unknown key", "did you mean `extends`?")],
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(machine: Machine, text: str, problems: list[tuple[int, str, str, str]]) -> None:
    assert told(machine, text) == problems
