"""What the pickers offer."""

from __future__ import annotations

from dataclasses import replace

from modeldeck.console import choices
from modeldeck.domain.links.links import LinkSource, ServingLink, Slot
from modeldeck.screens.shared.picker import Choice
from tests.support import sample


def test_environments_stand_in_their_order_with_the_one_in_view() -> None:
    found = choices.environments(("test", "prod"), "prod")
    assert ([choice.id for choice in found.all], found.current) == (["test", "prod"], "prod")


def test_themes_are_sorted() -> None:
    found = choices.themes(("light", "dark"), "light")
    assert ([choice.id for choice in found.all], found.current) == (["dark", "light"], "light")


def test_experiments_are_chosen_by_id_and_all_of_them_come_first() -> None:
    assert choices.experiments({"7": "iris"}).all == [Choice("", "all experiments"), Choice("7", "iris", "id 7")]


def test_all_namespaces_come_first() -> None:
    assert choices.namespaces(["serving"]).all == [Choice("*", "all namespaces"), Choice("serving", "serving")]


def test_a_link_is_chosen_by_all_places_that_say_the_same() -> None:
    row = sample.rows({"iris": None})[0]
    slot = Slot("/spec/template/spec/containers/0/env/0/value", "models:/iris/3", "server", "server/env/MODEL_URI")
    link = ServingLink("iris", "3", None, None, LinkSource.ENV_URI, slot, "server")
    both = replace(link, also=(replace(link, slot=replace(slot, name="server/args/-m")),))
    found = choices.links(replace(row, references=(both,)))
    assert found.title == f"{row.deployment}: which one serves?"
    assert found.all == [Choice("server/env/MODEL_URI,server/args/-m", "models:/iris/3", "server/env/MODEL_URI, server/args/-m")]
