"""What an operation is about, read from the world; and why there is nothing that it could be about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from modeldeck.domain.failures import Failure, NotFound, Rejected, TimedOut, Unreachable
from modeldeck.domain.kubernetes.workloads import Deployment, OtherWorkload
from modeldeck.domain.links.links import RUN_ID_ANNOTATION
from modeldeck.domain.mlflow.announcements import Announcement, announcement_text, moving_tag
from modeldeck.domain.mlflow.registry import ModelVersion
from modeldeck.domain.operations.intent import Intent, Kind
from modeldeck.domain.operations.plan import Refusal
from modeldeck.operations.planning.plan_inputs import PlanInputs, alias_of, find_subject, logged_source, registry_or_none
from tests.operations.conftest import Bench
from tests.support.fakes.objects import to_template

INTENT = Intent(Kind.PROMOTE, "serving", "iris", "iris", "2", "ann@box")
BACK = replace(INTENT, kind=Kind.ROLLBACK, model=None, to_version=None)
AWAY = Unreachable("refused", hint="start it", backend="MLflow")


async def about(bench: Bench, intent: Intent = INTENT, copied: ModelVersion | None = None) -> PlanInputs:
    found = await find_subject(intent, bench.fake.clients, bench.journal, bench.fake.clock, copied)
    assert isinstance(found, PlanInputs), found
    return found


async def refused(bench: Bench, intent: Intent = INTENT) -> Refusal:
    found = await find_subject(intent, bench.fake.clients, bench.journal, bench.fake.clock)
    assert isinstance(found, Refusal), found
    return found


async def test_a_promotion_reads_one_model_and_one_version(bench: Bench) -> None:
    found = await about(bench)
    assert (found.model, found.from_version, found.to_version, found.alias_version) == ("iris", "1", "2", "1")
    assert found.version == bench.fake.registry.versions["iris", "2"]
    assert (found.run_id, found.registry_failure, found.target, found.copied, found.by_alias) == (f"{2:032x}", None, None, None, False)
    assert {"registry", "fleet"}.isdisjoint(bench.fake.traps.calls), "all of it may be thousands"


async def test_a_version_may_be_named_by_an_alias(bench: Bench) -> None:
    bench.fake.registry.aliases["iris"]["best"] = "3"
    found = await about(bench, replace(INTENT, to_version="@best"))
    assert (found.to_version, found.version) == ("3", bench.fake.registry.versions["iris", "3"])
    unknown = await refused(bench, replace(INTENT, to_version="@nobody"))
    assert (unknown.code, unknown.message) == ("version_not_found", "iris has no alias nobody")


@pytest.mark.parametrize("wanted", [None, ""])
async def test_a_promotion_needs_a_version(bench: Bench, wanted: str | None) -> None:
    found = await refused(bench, replace(INTENT, to_version=wanted))
    assert (found.code, found.message) == ("usage", "a promotion needs a version")


@pytest.mark.parametrize("failure", [NotFound("no such version"), Rejected("latest is no number")])
async def test_a_version_that_the_registry_does_not_know(bench: Bench, failure: Failure) -> None:
    bench.fake.traps.fail("version", failure)
    found = await about(bench)
    assert (found.version, found.to_version, found.run_id, found.alias_version) == (None, "2", None, "1")


async def test_a_model_that_the_registry_does_not_know(bench: Bench) -> None:
    bench.fake.traps.fail("model", NotFound("no such model"))
    found = await about(bench)
    assert (found.version, found.alias_version, found.moving) == (None, None, ())


@pytest.mark.parametrize(("model", "code"), [("a-model", "other_model"), ("wine", "other_model"), ("iris", None), (None, None)])
async def test_the_model_that_is_meant_is_the_one_that_serves(bench: Bench, model: str | None, code: str | None) -> None:
    intent = replace(INTENT, model=model)
    if code is None:
        assert (await about(bench, intent)).model == "iris"
        return
    found = await refused(bench, intent)
    assert (found.code, found.message) == (code, f"serving/iris serves iris, not {model}")
    assert found.hint == f"name a deployment that serves {model}"


async def test_a_run_of_no_registered_model_is_of_the_model_that_is_named(bench_of: Callable[[str], Bench]) -> None:
    bench = bench_of("runs:/" + "f" * 32 + "/model")
    assert (await about(bench)).model == "iris"
    found = await refused(bench, replace(INTENT, model=None))
    assert (found.code, found.message) == (
        "model_unknown",
        f"which model serving/iris serves cannot be told from {'runs:/' + 'f' * 32 + '/model'!r}",
    )


@pytest.mark.parametrize(("uri", "alias"), [("models:/iris@best", "best"), ("models:/iris/1", "champion")])
async def test_the_alias_that_moves_is_the_one_that_pods_follow(bench_of: Callable[[str], Bench], uri: str, alias: str) -> None:
    bench = bench_of(uri)
    bench.fake.registry.aliases["iris"].update(best="3", champion="1")
    mine = Announcement("other", "serving/x", "uid-x")
    bench.fake.registry.tags["iris"] = {moving_tag(name, f"op-{name}"): announcement_text(mine) for name in ("best", "champion")}
    found = await about(bench)
    assert alias_of(INTENT, found.link) == alias
    assert found.alias_version == bench.fake.registry.aliases["iris"][alias]
    assert [one.id for one in found.moving] == [f"op-{alias}"]
    assert found.by_alias is (alias == "best")


async def test_a_copy_is_of_the_model_and_number_that_it_will_have(bench: Bench) -> None:
    original = ModelVersion("dev.iris", "7", "a" * 32, "READY", "None", 1.0, "models:/m-1")
    found = await about(bench, replace(INTENT, to_version="4"), original)
    assert found.version == replace(original, model="iris", version="4")
    assert (found.copied, found.run_id) == (original, "a" * 32)


async def test_of_another_kind_or_not_there(bench: Bench) -> None:
    strange = replace(INTENT, deployment="db")
    found = await refused(bench, strange)
    assert (found.code, found.hint) == ("deployment_not_found", "`modeldeck status` lists the deployments that can be seen")
    template = to_template({"spec": {"containers": [{"name": "a", "image": "b"}]}})
    bench.fake.cluster.others += [
        OtherWorkload("DaemonSet", "serving", "agent", template),
        OtherWorkload("StatefulSet", "serving", "db", template),
    ]
    found = await refused(bench, strange)
    assert (found.code, found.message) == ("not_handled", "serving/db is a StatefulSet: modeldeck changes Deployments only so far")
    assert found.hint == "change it where it is kept, or with kubectl -n serving edit StatefulSet db"


async def test_where_other_kinds_cannot_be_read_it_is_not_there(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    async def unhandled(namespaces: Any) -> Any:
        raise TimedOut("late")

    monkeypatch.setattr(bench.fake.cluster, "unhandled", unhandled)
    found = await refused(bench, replace(INTENT, deployment="db"))
    assert (found.code, found.message) == ("deployment_not_found", 'Kubernetes: deployments.apps "db" not found')


def observing(bench: Bench, monkeypatch: pytest.MonkeyPatch, after: float, generation: int = 5) -> list[float]:
    """The controller sees generation 5 after so many seconds; when it was asked."""
    real, began, asked = bench.fake.cluster.deployment, bench.fake.clock.monotonic(), list[float]()

    async def deployment(namespace: str, name: str) -> Deployment:
        asked.append(round(bench.fake.clock.monotonic() - began, 3))
        seen = generation if asked[-1] >= after else 4
        return replace(await real(namespace, name), generation=5, observed_generation=seen)

    monkeypatch.setattr(bench.fake.cluster, "deployment", deployment)
    return asked


async def test_a_controller_is_given_a_moment_to_see_the_newest_generation(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = observing(bench, monkeypatch, 0.25)
    assert (await about(bench)).deployment.observed_generation == 5
    assert asked == [0.0, 0.1, 0.2, 0.3]


@pytest.mark.parametrize("generation", [5, 6])
async def test_what_has_been_seen_is_not_waited_for(bench: Bench, monkeypatch: pytest.MonkeyPatch, generation: int) -> None:
    asked = observing(bench, monkeypatch, 0.0, generation)
    await about(bench)
    assert asked == [0.0]


async def test_a_controller_that_is_away_is_not_waited_for_any_longer(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = observing(bench, monkeypatch, 60.0)
    assert (await about(bench)).deployment.observed_generation == 4
    assert 1.9 <= asked[-1] <= 2.1
    assert len(asked) >= 20


@pytest.mark.parametrize(
    ("intent", "uri"), [(INTENT, "models:/iris/1"), (BACK, "models:/iris@champion"), (INTENT, "models:/iris@champion")]
)
async def test_without_the_registry_nothing_is_promoted_and_no_alias_is_followed(
    bench_of: Callable[[str], Bench], intent: Intent, uri: str
) -> None:
    bench = bench_of(uri)
    for call in ("model", "registry", "version"):
        bench.fake.traps.fail(call, AWAY, times=9)
    found = await refused(bench, intent)
    assert (found.code, found.message, found.hint, found.failure) == ("unreachable", "MLflow: refused", "start it", AWAY)


async def test_without_the_registry_a_roll_back_goes_by_what_the_cluster_remembers(bench: Bench) -> None:
    await bench.promote("2")
    for raw in bench.fake.cluster.sets.values():
        raw["template"]["metadata"].setdefault("annotations", {})[RUN_ID_ANNOTATION] = (
            f"run of {raw['annotations']['deployment.kubernetes.io/revision']}"
        )
    bench.fake.traps.fail("registry", AWAY, times=9)
    found = await about(bench, BACK)
    assert (found.registry_failure, found.version, found.alias_version, found.to_version) == (AWAY, None, None, "1")
    assert found.target is not None
    assert found.target.revision == 1
    assert found.run_id == "run of 1", "of the very revision"
    named = await about(bench, replace(BACK, to_version="3"))
    assert (named.target, named.run_id, named.to_version) == (None, None, "3")


async def test_a_roll_back_goes_where_it_is_told_whether_or_not_that_is_known_to_have_served(bench: Bench) -> None:
    await bench.promote("2")
    assert (await about(bench, replace(BACK, to_version="1"))).target is not None
    unknown = await about(bench, replace(BACK, to_version="3"))
    assert (unknown.target, unknown.to_version, unknown.run_id) == (None, "3", f"{3:032x}")


async def test_where_there_is_nowhere_to_go_back_to_the_others_are_named(bench: Bench) -> None:
    message = "no earlier version of iris is known to have served in serving/iris without being rolled back"
    found = await refused(bench, BACK)
    assert (found.code, found.message) == ("no_target", message)
    assert found.hint == "name one with --to VERSION; versions that served here: none"
    await bench.promote("2")
    await bench.promote("3")
    await bench.roll_back("1")
    found = await refused(bench, BACK)
    assert (found.message, found.hint) == (message, "name one with --to VERSION; versions that served here: 3, 2")


async def test_prometheus_is_asked_only_where_nothing_else_remembers(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def names() -> frozenset[str]:
        asked.append("names")
        return frozenset()

    bench.fake.measured = True
    monkeypatch.setattr(bench.fake.metrics, "metric_names", names)
    assert (await refused(bench, BACK)).code == "no_target"
    assert asked
    asked.clear()
    assert (await refused(bench, replace(INTENT, model="wine"))).code == "other_model"
    assert (await refused(bench, replace(BACK, model="wine"))).code == "other_model"
    await bench.promote("2", ungated=True)
    asked.clear()
    assert (await about(bench, BACK)).to_version == "1"
    assert asked == []


async def test_a_registry_that_is_away_is_none(bench: Bench) -> None:
    assert await registry_or_none(bench.fake.clients) == await bench.fake.registry.registry()
    bench.fake.traps.fail("registry", AWAY)
    assert await registry_or_none(bench.fake.clients) is None


@pytest.mark.parametrize(
    ("source", "kept"),
    [
        ("models:/m-0123456789abcdef0123456789abcdef", True),
        ("s3://bucket/model", False),
        ("", False),
        ("runs:/" + "a" * 32 + "/model", True),
    ],
)
def test_which_locations_a_server_could_load_by_itself(source: str, kept: bool) -> None:
    version = ModelVersion("iris", "2", None, "READY", "None", 1.0, source)
    assert logged_source(version) == (source if kept else "")
    assert logged_source(None) == ""
