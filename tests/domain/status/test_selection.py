from __future__ import annotations

from dataclasses import replace

import pytest

from modeldeck.domain.kubernetes.rollout import RolloutStatus
from modeldeck.domain.metrics.samples import NOTHING_KNOWN
from modeldeck.domain.mlflow.registry import ModelVersion, RegisteredModel, Registry
from modeldeck.domain.status.selection import (
    EMPTY,
    PaneName,
    Selection,
    deployment_of,
    keep_pinned,
    lost_words,
    newest_version_of_run,
    select_deployment,
    select_run,
    select_version,
    serving_version,
)
from modeldeck.domain.status.serving_row import LiveVersion, ServingRow


def version(model: str, number: str, run_id: str) -> ModelVersion:
    return ModelVersion(model, number, run_id, "READY", "None", float(number), f"runs:/{run_id}/model")


def row(name: str, model: str | None, spec: str | None, *live: LiveVersion) -> ServingRow:
    return ServingRow(
        "serving", name, None, model, spec, "champion", spec, live, 1, 1, 1, 1, RolloutStatus("done", ""), 1, NOTHING_KNOWN, ()
    )


REGISTRY = Registry(
    (RegisteredModel("iris"), RegisteredModel("wine")),
    (version("iris", "2", "run-b"), version("iris", "1", "run-a"), version("wine", "1", "run-w")),
)
ROWS = (row("iris", "iris", "1", LiveVersion("1", 3, 3)), row("wine", "wine", "1", LiveVersion("1", 1, 1)), row("legacy", None, None))


def test_a_run_leads_to_its_version_and_to_where_that_serves() -> None:
    assert select_run(EMPTY, "run-w", REGISTRY, ROWS) == Selection("run-w", "wine", "1", "serving/wine", PaneName.RUNS)


def test_a_run_that_was_never_registered_keeps_the_model_in_view_but_selects_no_version() -> None:
    before = Selection("run-a", "iris", "1", "serving/iris")
    after = select_run(before, "run-x", REGISTRY, ROWS)
    assert (after.run_id, after.model, after.version, after.deployment) == ("run-x", "iris", None, "serving/iris")


def test_a_version_that_serves_nowhere_leads_to_the_deployment_of_its_model() -> None:
    assert select_version(EMPTY, "iris", "2", REGISTRY, ROWS).deployment == "serving/iris"


def test_a_deployment_leads_to_what_its_pods_serve_not_to_what_its_template_says() -> None:
    rows = (row("iris", "iris", "2", LiveVersion("1", 2, 2), LiveVersion("2", 1, 0)),)
    after = select_deployment(EMPTY, "serving/iris", REGISTRY, rows)
    assert (after.version, after.run_id) == ("1", "run-a")


def test_an_unlinked_deployment_moves_only_the_live_pane() -> None:
    before = Selection("run-a", "iris", "1", "serving/iris")
    after = select_deployment(before, "serving/legacy", REGISTRY, ROWS)
    assert (after.model, after.version, after.run_id, after.deployment) == ("iris", "1", "run-a", "serving/legacy")


def test_a_pinned_pane_keeps_its_own_selection_but_can_be_moved_in() -> None:
    old = Selection("run-a", "iris", "1", "serving/iris")
    new = select_deployment(old, "serving/wine", REGISTRY, ROWS)
    assert keep_pinned(old, new, {PaneName.VERSIONS}).model == "iris"
    moved = select_version(old, "wine", "1", REGISTRY, ROWS)
    assert keep_pinned(old, moved, {PaneName.VERSIONS}).model == "wine"


def test_what_was_selected_and_is_gone_is_told() -> None:
    def registry(*versions: tuple[str, str], born: float = 1.0) -> Registry:
        models = tuple(RegisteredModel(name, created_at=born) for name in dict.fromkeys(name for name, _ in versions))
        return Registry(models, tuple(ModelVersion(name, number, None, "READY", "None", 1.0, "") for name, number in versions))

    before, chosen = registry(("iris", "1"), ("iris", "2")), Selection(model="iris", version="2")
    assert lost_words(chosen, before, registry(("iris", "1"))) == "iris v2 is not in the registry any more: it was deleted"
    assert lost_words(chosen, before, registry(("wine", "1"), born=2.0)) == "iris is not in the registry any more: it was deleted"
    assert lost_words(chosen, before, registry(("flower", "1"))) == "iris is not in the registry any more: it is called flower now"
    assert lost_words(replace(chosen, version="1"), before, registry(("iris", "1"))) == ""
    assert lost_words(Selection(), before, registry()) == ""
    assert lost_words(chosen, None, registry()) == lost_words(chosen, before, None) == ""
    assert lost_words(replace(chosen, version="9"), before, registry(("iris", "1"))) == ""


def test_what_is_not_known_of_a_deployment_leaves_the_selection() -> None:
    before = Selection("run-a", "iris", "1", "serving/iris")
    unknown = (row("new", "wine", None), row("nothing", None, "1"))
    for key in ("serving/new", "serving/nothing", "serving/gone"):
        assert select_deployment(before, key, REGISTRY, unknown) == replace(before, deployment=key, origin=PaneName.DEPLOYMENTS)


def test_a_run_leads_to_the_version_that_was_made_last_of_it() -> None:
    twice = Registry((), (replace(version("iris", "9", "run-a"), created_at=1.0), replace(version("wine", "2", "run-a"), created_at=5.0)))
    found = newest_version_of_run(twice, "run-a")
    assert found is not None
    assert (found.model, found.version) == ("wine", "2")
    assert newest_version_of_run(twice, "run-b") is None
    assert newest_version_of_run(twice, None) is newest_version_of_run(None, "run-a") is None


def test_where_a_version_serves_pods_come_before_templates_and_these_before_the_model() -> None:
    rows = (
        row("first", "iris", "3", LiveVersion("1", 0, 0)),
        row("named", "iris", "1", LiveVersion("2", 1, 1)),
        row("serves", "iris", "2", LiveVersion("3", 1, 1), LiveVersion("2", 1, 0)),
    )
    asked = {"1": "serving/named", "2": "serving/named", "3": "serving/serves", "4": "serving/first"}
    assert {number: deployment_of(rows, "iris", number) for number in asked} == asked
    assert deployment_of(rows, "wine", "1") is None


def test_what_nothing_leads_to_keeps_the_deployment_in_view() -> None:
    before = Selection("run-a", "iris", "1", "serving/legacy")
    assert select_run(before, "run-w", REGISTRY, ()).deployment == "serving/legacy"
    assert select_version(before, "wine", "1", REGISTRY, ()).deployment == "serving/legacy"
    assert select_run(before, "run-w", REGISTRY, ROWS).deployment == "serving/wine"


def test_a_version_leads_to_its_run_where_the_registry_tells_one() -> None:
    assert select_version(EMPTY, "iris", "2", REGISTRY, ROWS).run_id == "run-b"
    assert select_version(EMPTY, "iris", "2", None, ROWS).run_id is None
    assert select_version(EMPTY, "iris", "9", REGISTRY, ROWS).run_id is None
    nameless = Registry((), (replace(version("iris", "2", ""), run_id=""),))
    assert select_version(EMPTY, "iris", "2", nameless, ROWS).run_id is None
    assert select_deployment(EMPTY, "serving/iris", None, ROWS) == Selection(None, "iris", "1", "serving/iris", PaneName.DEPLOYMENTS)


@pytest.mark.parametrize("pane", [PaneName.RUNS, PaneName.VERSIONS, PaneName.DEPLOYMENTS])
def test_each_pane_is_pinned_by_itself(pane: PaneName) -> None:
    old, new = Selection("run-a", "iris", "1", "serving/iris"), Selection("run-w", "wine", "2", "serving/wine", PaneName.LIVE)
    found = keep_pinned(old, new, {pane})
    kept = [(found.run_id == "run-a"), ((found.model, found.version) == ("iris", "1")), (found.deployment == "serving/iris")]
    assert kept == [pane is PaneName.RUNS, pane is PaneName.VERSIONS, pane is PaneName.DEPLOYMENTS]
    assert keep_pinned(old, replace(new, origin=pane), {pane}) == replace(new, origin=pane), "whoever moves in it moves it"
    assert keep_pinned(old, new, ()) == new


def test_of_versions_of_one_time_the_highest_is_the_newest() -> None:
    same = Registry(
        (), tuple(replace(version("iris", number, "run-a"), created_at=at) for number, at in (("9", None), ("10", None), ("8", 0.0)))
    )
    found = newest_version_of_run(same, "run-a")
    assert found is not None
    assert found.version == "10"


@pytest.mark.parametrize(
    ("live", "serves"),
    [
        ((LiveVersion("1", 1, 1), LiveVersion("2", 3, 2)), "2"),
        ((LiveVersion("1", 3, 1), LiveVersion("2", 1, 1)), "1"),
        ((LiveVersion("1", 1, 1), LiveVersion("2", 3, 1)), "2"),
        ((LiveVersion(None, 5, 5), LiveVersion("2", 1, 0)), "2"),
        ((LiveVersion(None, 5, 5),), "7"),
        ((), "7"),
    ],
)
def test_what_a_deployment_serves_most_ready_pods_tell_then_most_pods_then_its_template(live: tuple[LiveVersion, ...], serves: str) -> None:
    assert serving_version(row("iris", "iris", "7", *live)) == serves


def test_a_model_of_another_age_is_no_renamed_one() -> None:
    def models(**ages: float | None) -> Registry:
        return Registry(tuple(RegisteredModel(name, created_at=at) for name, at in ages.items()), ())

    chosen = Selection(model="iris")
    assert lost_words(chosen, models(iris=1.0, rose=1.0), models(rose=1.0)).endswith("it was deleted"), "that one was there before"
    assert lost_words(chosen, models(iris=None), models(rose=None)).endswith("it was deleted"), "without a time nobody knows"
    assert lost_words(chosen, models(iris=1.0, rose=1.0), models(rose=1.0, tulip=1.0)).endswith("it is called tulip now")
    known = models(iris=1.0)
    assert lost_words(chosen, known, known) == ""
    assert lost_words(Selection(model="wine"), models(iris=1.0), models()) == "", "it was not there before"
