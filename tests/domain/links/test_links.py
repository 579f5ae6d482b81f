"""How a link reads."""

from __future__ import annotations

import pytest

from modeldeck.domain.links.links import LinkSource, ServingLink, Slot


def link(text: str, model: str | None = "iris", span: tuple[int, int] | None = None, *also: str) -> ServingLink:
    others = tuple(link(text, model, span) for _ in also)
    return ServingLink(model, "3", None, None, LinkSource.ENV_URI, Slot("/spec", text, name="server/env/A"), None, span=span, also=others)


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (link("models:/iris/3"), "models:/iris/3"),
        (link("3"), "iris 3"),
        (link("serve models:/iris/3 --port 80", span=(6, 20)), "models:/iris/3"),
        (link("registry/server:3", span=(16, 17)), "iris 3"),
        (link("runs:/abc/model", None), "runs:/abc/model"),
    ],
)
def test_a_reference_names_its_model_once(found: ServingLink, text: str) -> None:
    assert found.text == text


def test_the_places_are_its_own_and_those_that_agree() -> None:
    assert link("models:/iris/3", "iris", None, "more").places == ("server/env/A", "server/env/A")
    assert link("models:/iris/3").places == ("server/env/A",)
