"""The lineage line's data, from each kind of selection."""

from __future__ import annotations

from dataclasses import replace

from modeldeck.domain.metrics.samples import ServingStats
from modeldeck.domain.status.joining import serving_rows
from modeldeck.domain.status.lineage import Chain, Deployed, line
from modeldeck.domain.status.selection import EMPTY, Selection
from modeldeck.domain.status.serving_row import LiveVersion
from tests.domain.status.test_joining import V6, V7, fleet_of, registry, version

REGISTRY = registry(version("7", run_id="r7"), version("9", run_id="r9"), champion="7", challenger="9")
ROWS = serving_rows(fleet_of(V7, (V7, True)), REGISTRY, {"serving/iris": ServingStats(p99=0.041)})
SERVING = (Deployed("serving/iris", 1, 0.041),)


def test_from_a_run_that_serves_nowhere_to_the_champion_beside_it() -> None:
    found = line(Selection(run_id="r9"), REGISTRY, ROWS, run_names={"r9": "sunny-fox-12"})
    assert found.selected == Chain("r9", "sunny-fox-12", "iris", "9", ("challenger",), ())
    assert found.champion == Chain("r7", "r7", "iris", "7", ("champion",), SERVING)


def test_the_champion_itself_is_told_once() -> None:
    found = line(Selection(model="iris", version="7"), REGISTRY, ROWS)
    assert found.selected == Chain("r7", "r7", "iris", "7", ("champion",), SERVING)
    assert found.champion is None


def test_from_a_deployment_with_its_disagreements() -> None:
    rows = serving_rows(fleet_of(V6, (V6, True)), REGISTRY)
    found = line(Selection(deployment="serving/iris"), REGISTRY, rows)
    assert (found.selected.version, found.selected.deployed) == ("6", (Deployed("serving/iris", 1, None),))
    assert found.messages[-1] == "alias champion says v7, the template says v6"


def test_a_run_that_was_never_registered_and_nothing_at_all() -> None:
    assert line(Selection(run_id="lost"), REGISTRY, ROWS).selected == Chain("lost", "lost", None, None, (), ())
    nothing = line(EMPTY, None, ())
    assert (nothing.selected, nothing.champion, nothing.messages) == (Chain(None, None, None, None, (), ()), None, ())


def test_latency_of_a_mixture_is_nobodys() -> None:
    rows = serving_rows(fleet_of(V7, (V7, True), (V6, True)), REGISTRY, {"serving/iris": ServingStats(p99=0.041)})
    assert line(Selection(model="iris", version="7"), REGISTRY, rows).selected.deployed == (Deployed("serving/iris", 1, None),)


def test_without_a_registry_only_the_rows_tell() -> None:
    found = line(Selection(model="iris", version="7"), None, ROWS)
    assert (found.selected, found.champion) == (Chain(None, None, "iris", "7", (), SERVING), None)


def test_a_model_without_a_version_says_less_than_the_deployment() -> None:
    found = line(Selection(model="wine", deployment="serving/iris"), REGISTRY, ROWS)
    assert (found.selected.model, found.selected.version) == ("iris", "7")
    nothing = line(Selection(model="iris"), REGISTRY, ROWS)
    assert (nothing.selected.model, nothing.selected.version, nothing.selected.deployed) == (None, None, ())


def test_a_deployment_of_another_model_says_nothing_of_what_is_selected() -> None:
    rows = serving_rows(fleet_of(V6, (V6, True)), REGISTRY)
    assert line(Selection(model="wine", version="1", deployment="serving/iris"), REGISTRY, rows).messages == ()
    assert line(Selection(model="iris", version="9", deployment="serving/iris"), REGISTRY, rows).messages != ()
    unlinked = (replace(rows[0], model=None),)
    assert line(Selection(model="wine", version="1", deployment="serving/iris"), REGISTRY, unlinked).messages != ()


def test_each_place_is_of_the_very_version_most_ready_pods_first() -> None:
    live = (LiveVersion("6", 2, 2), LiveVersion("7", 1, 1), LiveVersion("8", 0, 0))
    rows = [replace(ROWS[0], deployment=name, live=live[:2]) for name in ("b", "a")]
    rows.append(replace(ROWS[0], deployment="c", live=(LiveVersion("7", 3, 2), LiveVersion("6", 1, 0))))
    deployed = line(Selection(model="iris", version="7"), REGISTRY, rows).selected.deployed
    assert deployed == (Deployed("serving/c", 1, 0.041), Deployed("serving/a", 1, None), Deployed("serving/b", 1, None))
    assert line(Selection(model="iris", version="8"), REGISTRY, [replace(ROWS[0], live=live)]).selected.deployed == ()
    assert line(Selection(model="wine", version="7"), REGISTRY, rows).selected.deployed == ()
