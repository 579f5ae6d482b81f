"""Links by what was chosen, labelled or annotated: which place stands for the others, and what an edit would find there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modeldeck.domain.links.linking import chosen_places, find_links, link_in, link_of, links_of
from modeldeck.domain.links.links import LINK_ANNOTATION, LinkPatterns, LinkSource, ServingLink, Slot
from tests.domain.links.templates import container, deployment, template

RUN = "0123456789abcdef0123456789abcdef"
TWO = template(container(env={"MODEL_URI": "models:/iris/7", "OTHER_URI": "models:/iris/6"}))


def test_a_chosen_place_is_looked_for_in_other_templates_too() -> None:
    of = deployment(of=TWO, annotations={LINK_ANNOTATION: "server/env/OTHER_URI"})
    chosen = link_in(TWO, of)
    assert chosen is not None
    assert (chosen.version, chosen.slot.name) == ("6", "server/env/OTHER_URI")
    earlier = link_in(template(container(env={"MODEL_URI": "models:/iris/5"})), of)
    assert earlier is not None
    assert earlier.version == "5"
    assert link_in(TWO, deployment(of=TWO)) is None
    assert link_in(TWO, replace(of, annotations={LINK_ANNOTATION: "server/env/GONE"})) is None


@pytest.mark.parametrize(("usual", "other"), [("MODEL_URI", "SCORER_URI"), ("STORAGE_URI", "A_URI"), ("MODEL_URI", "MODEL_PATH")])
def test_of_several_the_usual_name_comes_first_wherever_it_stands(usual: str, other: str) -> None:
    for names in ((usual, other), (other, usual)):
        found = find_links(template(container(env={name: f"models:/iris/{number}" for number, name in enumerate(names, 1)})))
        assert [link.slot.name for link in found] == [f"server/env/{usual}", f"server/env/{other}"]


def test_the_deployments_own_choice_comes_before_the_configured_one() -> None:
    patterns = LinkPatterns(deployments=(("serving/iris", "server/env/MODEL_URI, server/args ,"),))
    assert chosen_places(deployment(), patterns) == ("server/env/MODEL_URI", "server/args")
    assert chosen_places(deployment(annotations={LINK_ANNOTATION: "server"}), patterns) == ("server",)
    assert chosen_places(deployment("other"), patterns) == ()


def test_the_first_named_place_stands_for_a_run_that_was_chosen_with_it() -> None:
    env = {"MODEL_URI": "models:/iris/7", "SECOND_URI": "models:/iris/7", "RUN_URI": f"runs:/{RUN}/model"}
    both = template(container(env=env))
    (found,) = find_links(both, chosen=("server",))
    assert found.certain
    assert found.places == ("server/env/MODEL_URI", "server/env/SECOND_URI", "server/env/RUN_URI")


@pytest.mark.parametrize(("text", "span"), [("3", (0, 1)), ("v3", (1, 2)), ("V12", (1, 3))])
def test_a_label_holds_the_number_of_a_version(text: str, span: tuple[int, int]) -> None:
    labelled = template(labels={"version": text, "model": "iris"})
    (found,) = find_links(labelled, LinkPatterns(labels=(("version", "{model}"),)))
    assert (found.model, found.version, found.how, found.span) == ("iris", text.strip("vV"), LinkSource.LABEL, span)
    assert found.text == f"iris {text.strip('vV')}"
    assert find_links(labelled, LinkPatterns(labels=(("version", "{nobody}"),))) == ()
    assert find_links(labelled, LinkPatterns(labels=(("model", "iris"), ("version", "wine"))))[0].model == "wine"


SAID = {"modeldeck.dev/model": "iris", "modeldeck.dev/version": "3"}


def test_annotations_alone_are_of_the_container_where_there_is_one() -> None:
    (alone,) = find_links(template(annotations=SAID))
    assert (alone.model, alone.version, alone.how, alone.container, alone.annotated) == ("iris", "3", LinkSource.ANNOTATION, "server", True)
    (several,) = find_links(template(container("a"), container("b"), annotations=SAID))
    assert several.container is None
    for half in SAID:
        assert find_links(template(annotations={half: SAID[half]})) == ()


def test_half_of_what_a_promotion_annotates_agrees_with_nothing() -> None:
    uri = container(env={"MODEL_URI": "models:/iris/3"})
    for half in SAID:
        (found,) = find_links(template(uri, annotations={half: SAID[half]}))
        assert (found.model, found.version, found.annotated, found.annotations) == ("iris", "3", False, ((half, SAID[half]),))
    (whole,) = find_links(template(uri, annotations=SAID))
    assert whole.annotated


@pytest.mark.parametrize(("run", "agrees"), [(None, True), (RUN, True), ("f" * 32, False)])
def test_the_annotated_run_has_to_be_the_one_in_the_slot(run: str | None, agrees: bool) -> None:
    said = SAID if run is None else {**SAID, "modeldeck.dev/run-id": run}
    (found,) = find_links(template(container(env={"MODEL_URI": f"runs:/{RUN}/model"}), annotations=said))
    assert (found.annotated, found.version) == (agrees, "3" if agrees else None)


def test_a_reference_is_read_without_what_stands_around_it() -> None:
    of = deployment(of=template(container(args=("--model-uri=models:/iris/3", "--port=80"))))
    link = link_of(of)
    assert link is not None
    assert link.text == "models:/iris/3"
    pair = link_of(deployment(of=template(container(env={"MODEL_NAME": "iris", "MODEL_VERSION": "3"}))))
    assert pair is not None
    assert pair.text == "iris 3"
    assert links_of(deployment(of=template())) == ()


def test_without_a_span_the_whole_text_is_the_reference() -> None:
    slot = Slot("/spec/template/x", "12", "server", "server/env/MODEL_VERSION")
    assert ServingLink("iris", "12", None, None, LinkSource.ENV_PAIR, slot, "server").text == "iris 12"
    assert ServingLink(None, "12", None, None, LinkSource.ENV_PAIR, slot, "server").text == "12"
