"""Both MLflow clients keep the same promises: the REST client against a real server, mlflow's own client against a database."""

from __future__ import annotations

import asyncio
import contextlib
import math
import sqlite3
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from modeldeck.domain.environments import MlflowTarget
from modeldeck.domain.failures import Faulty, NotFound, Rejected, TooLarge
from modeldeck.domain.mlflow.announcements import Announcement, announced_by_others, announcement_text, moving_tag
from modeldeck.domain.mlflow.runs import Artifact, DatasetInput, RunStatus
from modeldeck.sources.mlflow.opening import Mlflow, open_mlflow
from modeldeck.sources.mlflow.rest_registry import RestRegistry
from tests.support.faulty import FaultyProxy
from tests.support.mlflow_world import HOSTILE, POINTS, START, World


@pytest.fixture(params=["rest", "database"])
def world(request: pytest.FixtureRequest) -> World:
    found = request.getfixturevalue(f"{request.param}_world")
    assert isinstance(found, World)
    return found


@pytest.fixture
async def mlflow(world: World) -> AsyncIterator[Mlflow]:
    opened = open_mlflow(MlflowTarget(world.uri))
    yield opened
    await opened.aclose()


async def test_ping_answers_the_version(mlflow: Mlflow) -> None:
    assert (await mlflow.tracking.ping()).startswith("3.")


async def test_a_store_is_known_by_itself(mlflow: Mlflow, world: World) -> None:
    """Its address may lead to another one tomorrow."""
    found = await mlflow.registry.identity()
    assert float(found) > 1e12
    again = open_mlflow(MlflowTarget(world.uri))
    assert await again.registry.identity() == found
    await again.aclose()


async def test_experiments(mlflow: Mlflow, world: World) -> None:
    experiments = {experiment.id: experiment for experiment in await mlflow.tracking.experiments()}
    assert experiments[world.experiment].name == "contract"
    assert (experiments[world.experiment].last_update or 0) > START / 1000


async def test_runs_come_newest_first_with_all_that_is_shown(mlflow: Mlflow, world: World) -> None:
    page = await mlflow.tracking.search_runs([world.experiment])
    assert [run.id for run in page.runs] == [world.logged, world.folder, world.plain]
    assert page.next_token is None
    run = page.runs[-1]
    assert (run.name, run.status, run.started_at, run.ended_at) == (HOSTILE, RunStatus.RUNNING, START / 1000, None)
    assert (run.params, run.git_commit, run.source) == ({"n_estimators": "100"}, "abc123", "train.py")
    assert run.datasets == (DatasetInput("iris", "5a5c68bf", "training"),)
    assert run.metrics["loss"] == pytest.approx(1 / POINTS)
    assert (run.metrics["inf"], run.metrics["minus"], run.metrics["accuracy"]) == (math.inf, -math.inf, 0.5)
    assert math.isnan(run.metrics["nan"])
    assert page.runs[0].status is RunStatus.FAILED
    assert await mlflow.tracking.run(world.plain) == run


async def test_the_same_answer_twice_is_equal_even_with_nan(mlflow: Mlflow, world: World) -> None:
    assert await mlflow.tracking.search_runs([world.experiment]) == await mlflow.tracking.search_runs([world.experiment])


async def test_pages(mlflow: Mlflow, world: World) -> None:
    first = await mlflow.tracking.search_runs([world.experiment], page_size=2)
    assert first.next_token is not None
    second = await mlflow.tracking.search_runs([world.experiment], page_size=2, page_token=first.next_token)
    assert [run.id for run in (*first.runs, *second.runs)] == [world.logged, world.folder, world.plain]
    assert second.next_token is None


async def test_filters_and_orders_are_mlflows_own(mlflow: Mlflow, world: World) -> None:
    found = await mlflow.tracking.search_runs([world.experiment], filter_text="params.n_estimators = '100'")
    assert [run.id for run in found.runs] == [world.plain]
    ordered = await mlflow.tracking.search_runs([world.experiment], order_by=["attributes.start_time ASC"])
    assert ordered.runs[0].id == world.plain


async def test_a_wrong_filter_is_rejected_in_mlflows_words(mlflow: Mlflow, world: World) -> None:
    with pytest.raises(Rejected, match="Invalid comparator"):
        await mlflow.tracking.search_runs([world.experiment], filter_text="metrics.accuracy >>> 1")


async def test_history_is_sampled_from_first_to_last(mlflow: Mlflow, world: World) -> None:
    history = await mlflow.tracking.metric_history(world.plain, "loss", points=50)
    assert 40 <= len(history) <= 60
    assert (history[0].step, history[-1].step, history[0].at) == (0, POINTS - 1, START / 1000)
    assert [point.step for point in history] == sorted({point.step for point in history})
    assert [point.value for point in await mlflow.tracking.metric_history(world.plain, "inf")] == [math.inf]
    assert await mlflow.tracking.metric_history(world.plain, "no such metric") == ()


async def test_artifacts(mlflow: Mlflow, world: World) -> None:
    assert set(await mlflow.tracking.artifacts(world.folder)) == {Artifact("model", True, None), Artifact("notes", True, None)}
    assert await mlflow.tracking.artifacts(world.folder, "notes") == (Artifact("notes/readme.txt", False, 11),)


async def test_a_file_of_a_run(mlflow: Mlflow, world: World) -> None:
    found = await mlflow.tracking.artifact(world.folder, "notes/readme.txt", most=11)
    assert len(found) == 11
    with pytest.raises(TooLarge, match="readme"):
        await mlflow.tracking.artifact(world.folder, "notes/readme.txt", most=10)
    for path in ("notes/other.txt", "notes", "no/such.txt", "other.txt"):
        with pytest.raises(NotFound):
            await mlflow.tracking.artifact(world.folder, path, most=1000)
    with pytest.raises(NotFound):
        await mlflow.tracking.artifact("0" * 32, "notes/readme.txt", most=1000)


async def test_what_is_missing_is_not_found(mlflow: Mlflow) -> None:
    with pytest.raises(NotFound):
        await mlflow.tracking.run("0" * 32)
    with pytest.raises(NotFound):
        await mlflow.registry.model("no-such-model")
    with pytest.raises(NotFound):
        await mlflow.registry.version("no-such-model", "1")
    with pytest.raises(NotFound):
        await mlflow.registry.version_of_alias("no-such-model", "champion")
    with pytest.raises(NotFound):
        await mlflow.registry.tag_model("no-such-model", moving_tag("champion", "id"), "{}")
    with pytest.raises(NotFound):
        await mlflow.registry.untag_model("no-such-model", moving_tag("champion", "id"))


async def test_registering_a_logged_model_and_moving_aliases(mlflow: Mlflow, world: World) -> None:
    registry = mlflow.registry
    first = await registry.create_version("iris", world.logged, description="the first")
    second = await registry.create_version("iris", world.logged)
    assert (first.model, first.run_id, first.status, first.description) == ("iris", world.logged, "READY", "the first")
    assert first.source.startswith("models:/m-")
    assert int(second.version) == int(first.version) + 1
    assert await registry.version_of_alias("iris", "champion") is None
    await registry.set_alias("iris", "champion", first.version)
    await registry.set_alias("iris", "best", first.version)
    assert (await registry.version("iris", first.version)).aliases == ("best", "champion")
    await registry.set_alias("iris", "champion", second.version)
    assert await registry.version_of_alias("iris", "champion") == second.version
    await registry.delete_alias("iris", "best")
    await registry.delete_alias("iris", "best")
    assert (await registry.model("iris")).aliases == {"champion": second.version}
    await registry.tag_version("iris", second.version, {"modeldeck.actor": "me", "modeldeck.why": HOSTILE})
    assert (await registry.version("iris", second.version)).tags == {"modeldeck.actor": "me", "modeldeck.why": HOSTILE}
    whole = await registry.registry()
    assert [version.version for version in whole.of("iris")] == [second.version, first.version]
    assert whole.of("iris")[0].aliases == ("champion",)
    model = await registry.model("iris")
    assert whole.model("iris") == model
    assert START / 1000 < (model.created_at or 0) <= (first.created_at or 0)
    with pytest.raises(NotFound):
        await registry.set_alias("iris", "champion", "999")
    with pytest.raises(Rejected, match="reserved"):
        await registry.set_alias("iris", "v3", second.version)


async def test_what_operations_announce_on_a_model_is_there_until_it_is_taken_off(mlflow: Mlflow, world: World) -> None:
    registry = mlflow.registry
    await registry.create_version("announced", world.logged)
    aliases = ("champion", "a" * 255, "prüf-1_x")
    announcement = Announcement("20261128-101500-ab12", f"{'n' * 63}/{'d' * 253}", "u" * 36, HOSTILE * 3, "2026-11-28T10:15:00Z", "1", "2")
    for alias in aliases:
        await registry.tag_model("announced", moving_tag(alias, announcement.id), announcement_text(announcement))
        await registry.tag_model("announced", moving_tag(alias, announcement.id), announcement_text(announcement))
    tags = (await registry.model("announced")).tags
    assert len(tags) == len(aliases)
    assert (await registry.registry()).model("announced") == await registry.model("announced")
    for alias in aliases:
        (read,) = announced_by_others(tags, alias)
        assert (read.deployment, read.to_version) == (announcement.deployment, "2")
        assert announced_by_others(tags, alias, announcement.id) == ()
        await registry.untag_model("announced", moving_tag(alias, announcement.id))
        await registry.untag_model("announced", moving_tag(alias, announcement.id))
    assert (await registry.model("announced")).tags == {}


@contextlib.contextmanager
def overtaken(database: Path, table: str, columns: str) -> Iterator[None]:
    """Each entry that is new to the table has been made by somebody else between MLflow's look and its own insertion."""
    theirs = ", ".join(f"NEW.{column}" for column in columns.split(", "))
    made = f"BEGIN INSERT INTO {table} ({columns}) VALUES ({theirs}); END"
    with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute(f"CREATE TRIGGER overtaken BEFORE INSERT ON {table} {made}")
        try:
            yield
        finally:
            connection.execute("DROP TRIGGER overtaken")


async def test_two_requests_that_make_the_same_entry_at_once_can_be_sent_again(mlflow: Mlflow, world: World) -> None:
    registry = mlflow.registry
    version = (await registry.create_version("raced", world.logged)).version
    with overtaken(world.database, "model_version_tags", "name, version, key, value"), pytest.raises(Faulty, match="at once"):
        await registry.tag_version("raced", version, {"modeldeck.left": "unique duplicate"})
    await registry.tag_version("raced", version, {"modeldeck.left": "unique duplicate"})
    with overtaken(world.database, "registered_model_aliases", "name, version, alias"), pytest.raises(Faulty, match="at once"):
        await registry.set_alias("raced", "champion", version)
    await registry.set_alias("raced", "champion", version)
    found = await registry.version("raced", version)
    assert (found.tags["modeldeck.left"], found.aliases) == ("unique duplicate", ("champion",))


async def test_prompts_are_no_models(mlflow: Mlflow) -> None:
    assert (await mlflow.registry.registry()).model("a-prompt") is None


async def test_the_model_file_is_looked_up(mlflow: Mlflow, world: World) -> None:
    logged = await mlflow.registry.create_version("looked-up", world.logged)
    assert (await mlflow.registry.artifacts_answer("looked-up", logged.version)).startswith("MLmodel found: python_function; mlflow 3.")
    folder = await mlflow.registry.create_version("looked-up", world.folder)
    assert folder.source.endswith(f"{world.folder}/artifacts/model")
    assert await mlflow.registry.artifacts_answer("looked-up", folder.version) == "MLmodel found: python_function, sklearn; mlflow 2.9.0"


async def test_a_model_file_that_is_gone_is_not_found(mlflow: Mlflow, world: World) -> None:
    from mlflow import MlflowClient

    registry = MlflowClient(world.uri)
    registry.create_registered_model("gone")
    run = registry.get_run(world.plain)
    version = registry.create_model_version("gone", f"{run.info.artifact_uri}/model", world.plain)
    with pytest.raises(NotFound):
        await mlflow.registry.artifacts_answer("gone", str(version.version))


async def test_a_run_without_a_model_cannot_be_registered_and_leaves_no_model_behind(mlflow: Mlflow, world: World) -> None:
    with pytest.raises(NotFound, match="logged no model"):
        await mlflow.registry.create_version("never-made", world.plain)
    with pytest.raises(NotFound):
        await mlflow.registry.model("never-made")


async def test_many_questions_at_once(mlflow: Mlflow, world: World) -> None:
    answers = await asyncio.gather(*(mlflow.tracking.run(world.plain) for _ in range(10)))
    assert {answer.id for answer in answers} == {world.plain}


def test_nothing_was_made_where_the_tests_run() -> None:
    assert not Path("mlflow.db").exists()


async def test_a_copy_is_a_version_of_another_model_with_the_same_artifacts(mlflow: Mlflow, world: World) -> None:
    made = await mlflow.registry.create_version("copied-from", world.logged, description="as it was")
    await mlflow.registry.tag_version("copied-from", made.version, {"team": "ml", "modeldeck.operation": "op-0"})
    original = await mlflow.registry.version("copied-from", made.version)
    copy = await mlflow.registry.copy_version(original, "copied-to", {"modeldeck.copied-by": "op-1"})
    found = await mlflow.registry.version("copied-to", copy.version)
    assert (found.source, found.run_id, found.description) == (original.uri, original.run_id, "as it was")
    assert found.tags == {"team": "ml", "modeldeck.copied-by": "op-1"}
    assert found.status == "READY"
    assert "MLmodel found" in await mlflow.registry.artifacts_answer("copied-to", copy.version)


async def test_what_is_new_is_asked_for_as_mlflow_understands_it(mlflow: Mlflow, world: World) -> None:
    """The questions that a follower asks: MLflow's own filters, orders and refusals."""
    registry: Any = mlflow.registry
    pages = registry._pages if isinstance(registry, RestRegistry) else registry._follower._pages
    name = "it's new"
    first = await mlflow.registry.create_version(name, world.logged)
    followed = await mlflow.registry.follow()
    assert followed.aliases_read
    assert followed.registry == await mlflow.registry.registry()
    second = await mlflow.registry.create_version(name, world.logged)
    assert [(version.model, version.version) for version in await pages.newest_versions(1)] == [(name, second.version)]
    assert [model.name for model in await pages.newest_models(1)] == [name]
    assert {version.version for version in await pages.versions_of(name)} == {first.version, second.version}
    await mlflow.registry.set_alias(name, "champion", second.version)
    assert await pages.alias_target(name, "champion") == second.version
    with pytest.raises((Rejected, NotFound)) as caught:
        await pages.alias_target(name, "nobody")
    assert caught.value.status in (400, 404)


async def test_changed_experiments_and_new_runs_are_found_by_time(mlflow: Mlflow, world: World) -> None:
    known = await mlflow.tracking.experiments()
    assert await mlflow.tracking.experiments() is known
    changed = await mlflow.tracking._changed_experiments(0)  # type: ignore[attr-defined]
    assert {change.experiment.id for change in changed if not change.deleted} == {each.id for each in known}
    later = f"attributes.start_time > {START + 500}"
    assert [run.id for run in (await mlflow.tracking.search_runs([world.experiment], filter_text=later)).runs] == [
        world.logged,
        world.folder,
    ]
    chosen = f"attributes.run_id IN ('{world.plain}', '{world.folder}') AND params.n_estimators = '100'"
    assert [run.id for run in (await mlflow.tracking.search_runs([world.experiment], filter_text=chosen)).runs] == [world.plain]


async def test_nothing_is_registered_under_a_prompts_name(mlflow: Mlflow, world: World) -> None:
    with pytest.raises(Rejected, match="prompt"):
        await mlflow.registry.create_version("a-prompt", world.logged)


async def test_two_consoles_of_one_user_are_one_reading_for_the_server(rest_world: World, tmp_path: Path) -> None:
    server = urlsplit(rest_world.uri)
    assert server.hostname
    assert server.port
    async with FaultyProxy((server.hostname, server.port)) as proxy, contextlib.AsyncExitStack() as stack:
        ann, bob = MlflowTarget(proxy.url), MlflowTarget(proxy.url, username="bob")
        one, other, theirs = (open_mlflow(target, tmp_path / "answers") for target in (ann, ann, bob))
        for mlflow in (one, other, theirs):
            stack.push_async_callback(mlflow.aclose)
            await mlflow.registry.follow()
            await mlflow.registry.follow()  # asks what tells the store apart, too
            await mlflow.tracking.search_runs([rest_world.experiment], again=True)

        version = (await one.registry.create_version("shared", rest_world.logged)).version
        await one.registry.set_alias("shared", "champion", version)
        read = await one.registry.follow(whole=True)
        runs = await one.tracking.search_runs([rest_world.experiment])
        asked = proxy.requests
        taken = await other.registry.follow()
        assert (taken.registry, taken.aliases_read) == (read.registry, True)
        assert taken.age > 0
        assert await other.tracking.search_runs([rest_world.experiment], again=True) == runs
        assert proxy.requests == asked
        assert (await theirs.registry.follow(whole=True)).age == 0
        assert proxy.requests > asked
        asked = proxy.requests
        assert (await other.registry.follow(whole=True)).age == 0
        assert proxy.requests > asked
