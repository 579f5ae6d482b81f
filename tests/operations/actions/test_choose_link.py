"""Saying once which of several references serves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from modeldeck.domain.failures import Rejected
from modeldeck.domain.links.linking import links_of
from modeldeck.domain.operations.plan import Refusal
from modeldeck.operations.actions.choose_link import choose_link
from modeldeck.operations.common.guard import ReadOnly
from tests.operations.conftest import Bench


@pytest.fixture
def shadowed(bench: Bench) -> Bench:
    def with_shadow(raw: dict[str, Any]) -> None:
        raw["spec"]["template"]["spec"]["containers"][0]["env"].append({"name": "SHADOW_MODEL_URI", "value": "models:/iris/3"})

    bench.fake.cluster.edit("serving/iris", with_shadow)
    return bench


async def test_the_choice_is_an_annotation_that_restarts_nothing(shadowed: Bench) -> None:
    before = shadowed.fake.template()
    chosen = await choose_link(shadowed.fake.clients, "serving", "iris", ("server/env/MODEL_URI",))
    assert shadowed.fake.annotations()["modeldeck.dev/link"] == "server/env/MODEL_URI"
    assert [(link.certain, link.version) for link in links_of(chosen)] == [(True, "1")]
    assert shadowed.fake.template() == before


@pytest.mark.parametrize("places", [("server/env/OTHER",), ("server/env/MODEL_URI", "server/env/SHADOW_MODEL_URI")])
async def test_what_is_not_one_reference_is_refused(shadowed: Bench, places: tuple[str, ...]) -> None:
    with pytest.raises(Rejected, match="not one reference"):
        await choose_link(shadowed.fake.clients, "serving", "iris", places)
    assert "modeldeck.dev/link" not in shadowed.fake.annotations()


async def test_where_none_of_the_references_may_serve_the_hint_says_so(bench: Bench) -> None:
    def from_elsewhere(raw: dict[str, Any]) -> None:
        server = raw["spec"]["template"]["spec"]["containers"][0]
        server |= {"args": ["-m", "$(STORAGE_URI)"], "env": [{"name": "FEATURES", "value": "models:/iris/1"}]}

    bench.fake.cluster.edit("serving/iris", from_elsewhere)
    refused = await bench.plan("2")
    assert isinstance(refused, Refusal)
    assert "reads STORAGE_URI, which is not set there" in refused.message
    assert refused.hint.endswith("where none of these serves, write the one that does into the template (MODEL_URI=models:/NAME/VERSION)")


async def test_what_may_only_be_looked_at_is_not_annotated(shadowed: Bench) -> None:
    shadowed.fake.environment = replace(shadowed.fake.environment, read_only=True)
    with pytest.raises(ReadOnly):
        await choose_link(shadowed.fake.clients, "serving", "iris", ("server/env/MODEL_URI",))
