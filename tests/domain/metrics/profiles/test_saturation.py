"""How full a server is, of what each server writes, by an engine that evaluates the queries."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prombed import Prombed

from modeldeck.domain.metrics.measured import chart_points
from modeldeck.domain.metrics.profiles.profile import Profile
from modeldeck.domain.metrics.profiles.queries import deployment_queries
from modeldeck.domain.metrics.profiles.saturation import Gauge, SaturationKind, SaturationUnit, exported_gauges
from modeldeck.domain.metrics.profiles.servers import BUILT_IN
from modeldeck.domain.metrics.samples import Matrix, Series
from tests.support.exported import exports
from tests.support.expositions import EXPOSITIONS, grown

END = 1_120


def lines_of(server: str, *expositions: str) -> dict[str, float]:
    """What the newest point of each chart is where pods write these, all at once."""
    engine = Prombed(targets=[])
    for number, text in enumerate(expositions):
        for at in range(END - 120, END + 1, 5):
            labels = {"namespace": "serving", "pod": f"iris-{number}"}
            samples = [line for line in text.splitlines() if line and not line.startswith("#")]
            engine.ingest("\n".join((*samples, "")), timestamp_ms=at * 1000, labels=labels)
    names = {line.split("{")[0].split(" ")[0] for text in expositions for line in text.splitlines() if not line.startswith("#")}
    profile = BUILT_IN[server].within(exports(*names))
    matrices = {}
    for name, promql in deployment_queries(profile, 'namespace="serving"', step=15).items():
        found = engine.query(promql, END * 1000)["data"]["result"]
        matrices[name] = Matrix(tuple(Series(one["metric"], ((float(END), float(one["value"][1])),)) for one in found))
    points = chart_points(profile, matrices)
    return {kind.value: of_kind[-1][1] for kind, of_kind in points.saturation.items() if of_kind}


def written(name: str) -> str:
    return (EXPOSITIONS / f"{name}.txt").read_text()


@pytest.mark.parametrize(
    ("server", "files", "told"),
    [
        ("vllm", ("vllm",), {"queue": 0.0, "in_progress": 1.0, "kv_cache": 0.0798685}),
        ("kserve", ("kserve", "knative_queue_proxy"), {"queue": 0.0}),
        ("mlserver", ("mlserver",), {"in_progress": 0.0}),
        ("mlserver", ("mlserver_parallel",), {"in_progress": 0.0}),
        ("triton", ("triton",), {"queue": 0.0}),
        ("torchserve", ("torchserve",), {"queue_time": 0.0}),
        ("bentoml", ("bentoml",), {"in_progress": 0.0}),
        ("ray-serve", ("ray_serve",), {"queue": 0.0, "in_progress": 0.0}),
        ("starlette-exporter", ("starlette_exporter",), {}),
        ("fastapi", ("fastapi_instrumentator",), {}),
        ("seldon", ("seldon_v2",), {}),
        ("tf-serving", ("tf_serving",), {}),
    ],
)
def test_a_server_tells_how_full_it_is(server: str, files: tuple[str, ...], told: dict[str, float]) -> None:
    assert lines_of(server, "".join(written(name).replace(",}", "}") for name in files)) == told


def test_requests_are_added_up_and_of_shares_the_fullest_counts() -> None:
    full = written("vllm").replace("0.0798685", "0.75").replace('waiting{engine="0",model_name="iris-8b"} 0.0', 'waiting{engine="0"} 7')
    assert lines_of("vllm", written("vllm"), full) == {"queue": 7.0, "in_progress": 2.0, "kv_cache": 0.75}
    assert lines_of("vllm", full, full) == {"queue": 14.0, "in_progress": 2.0, "kv_cache": 0.75}


def test_the_scrape_itself_is_no_request_in_progress() -> None:
    """starlette_exporter has counted it when it answers."""
    assert 'method="GET"} 1.0' in written("starlette_exporter")
    served = 'starlette_requests_in_progress{app_name="iris",method="POST"} 3\n'
    assert lines_of("starlette-exporter", written("starlette_exporter") + served) == {"in_progress": 3.0}


def test_a_queue_of_which_each_request_tells_how_long_it_was() -> None:
    engine = Prombed(targets=[])
    for number in range(25):
        engine.ingest(grown(written("mlserver_parallel"), number), timestamp_ms=(END - 120 + 5 * number) * 1000, labels={"pod": "iris"})
    (queue,) = exported_gauges(BUILT_IN["mlserver"].saturation, {"parallel_request_queue_bucket"})
    (found,) = engine.query(queue.promql('pod="iris"', 60), END * 1000)["data"]["result"]
    assert float(found["value"][1]) == pytest.approx(17 / 16)
    assert queue.aggregation == "what a request finds on average"


def test_times_and_shares_in_the_unit_of_their_kind() -> None:
    profile = Profile(
        "mine", (), saturation=(Gauge(SaturationKind.GPU, "busy", scale=0.01), Gauge(SaturationKind.QUEUE_TIME, "wait", scale=1e-3))
    )
    answers = {"gpu": Matrix((Series({}, ((1.0, 50.0),)),)), "queue_time": Matrix((Series({}, ((1.0, 200.0), (2.0, float("nan")))),))}
    points = chart_points(profile, answers)
    assert points.saturation == {SaturationKind.GPU: ((1.0, 0.5),), SaturationKind.QUEUE_TIME: ((1.0, 0.2),)}
    assert chart_points(profile, {}).saturation == {}, "what was not asked is not known"


def test_the_time_to_the_first_token_of_a_language_model() -> None:
    profile = BUILT_IN["vllm"].within(exports("vllm:time_to_first_token_seconds_bucket"))
    queries = deployment_queries(profile, 'pod="x"', step=15)
    assert queries["first_token_p99"] == (
        'histogram_quantile(0.99, sum by (le) (rate(vllm:time_to_first_token_seconds_bucket{pod="x"}[60s])))'
    )
    points = chart_points(profile, {"first_token_p50": Matrix((Series({}, ((1.0, 0.3),)),))})
    assert (points.first_token_p50, points.first_token_p99, points.p50) == (((1.0, 0.3),), (), ())
    assert "first_token_p50" not in deployment_queries(BUILT_IN["fastapi"].within(exports("python_info")), "", step=15)


@given(st.sampled_from(SaturationKind))
def test_no_share_and_no_time_is_ever_added_up(kind: SaturationKind) -> None:
    gauge = Gauge(kind, "a", 'b="c"')
    assert gauge.promql("", 60) == f"""{"sum" if kind.unit is SaturationUnit.REQUESTS else "max"} (a{{b="c"}})"""
    assert gauge.aggregation == ("of all together" if kind.unit is SaturationUnit.REQUESTS else "of the fullest")


def test_of_each_kind_the_first_that_is_there() -> None:
    old, new = (Gauge(SaturationKind.KV_CACHE, name) for name in ("old", "new"))
    queue, observed = Gauge(SaturationKind.QUEUE, "waiting"), Gauge(SaturationKind.QUEUE, "found", observed=True)
    assert exported_gauges((new, old, observed, queue), {"old", "new", "waiting", "found"}) == (queue, new)
    assert exported_gauges((new, old, observed), {"old", "found_bucket"}) == (observed, old)
    assert {gauge.probe for gauge in (queue, observed)} == {"waiting", "found_bucket"}
