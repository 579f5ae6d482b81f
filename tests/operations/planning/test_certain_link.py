"""Which reference says what a Deployment serves; where that is not certain, why not and how to say so."""

from __future__ import annotations

from dataclasses import replace

from modeldeck.domain.kubernetes.workloads import EnvVar
from modeldeck.domain.links.links import LINK_ANNOTATION, LinkPatterns, ServingLink
from modeldeck.domain.operations.plan import Refusal
from modeldeck.operations.common.clients import Clients
from modeldeck.operations.planning.certain_link import AMBIGUOUS, LINK_HINT, certain_link
from tests.domain.links.templates import container, deployment, template
from tests.support.sample import ENVIRONMENT

ONE = {"MODEL_URI": "models:/iris/1"}
TWO = {"SHADOW_URI": "models:/iris/2", "SERVING_URI": "models:/iris/1"}


def said(env: dict[str, str], chosen: str = "", *, annotated: str = "", secret: bool = False) -> ServingLink | Refusal:
    """`chosen` by the configuration, `annotated` on the Deployment itself."""
    annotations = {LINK_ANNOTATION: annotated} if annotated else {}
    one = container(env=env)
    if secret:
        one = replace(one, env=(*one.env, EnvVar("MODEL_URI", None, "key uri of ConfigMap models")))
    of = deployment(of=template(one), annotations=annotations)
    patterns = LinkPatterns(deployments=(("serving/iris", chosen),) if chosen else ())
    return certain_link(of, Clients(replace(ENVIRONMENT, patterns=patterns), None, None, None, None))


def refused(env: dict[str, str], chosen: str = "", *, annotated: str = "", secret: bool = False) -> Refusal:
    found = said(env, chosen, annotated=annotated, secret=secret)
    assert isinstance(found, Refusal), found
    return found


def test_the_only_reference_is_certain() -> None:
    found = said(ONE)
    assert isinstance(found, ServingLink)
    assert (found.text, found.certain) == ("models:/iris/1", True)


def test_where_nothing_names_a_version_that_is_said() -> None:
    found = refused({"LOG_LEVEL": "info"})
    assert (found.code, found.message, found.hint) == ("unlinked", "nothing in serving/iris says which model version it serves", LINK_HINT)


def test_of_two_it_is_not_certain_until_somebody_says_so() -> None:
    found = refused(TWO)
    assert found.code == AMBIGUOUS
    assert found.message == (
        "which reference of serving/iris says what is served is not certain: "
        "server/env/SERVING_URI (models:/iris/1); server/env/SHADOW_URI (models:/iris/2)"
    )
    assert found.hint == (
        "say once which one serves, here for the first: kubectl -n serving annotate deployment iris "
        f"{LINK_ANNOTATION}=server/env/SERVING_URI, or links.deployments in the configuration"
    )
    for chosen in (said(TWO, "server/env/SERVING_URI"), said(TWO, annotated="server/env/SERVING_URI")):
        assert isinstance(chosen, ServingLink)
        assert chosen.text == "models:/iris/1"


def test_what_was_said_to_serve_and_is_not_there_is_told() -> None:
    found = refused(TWO, "server/env/GONE")
    assert "is not certain: server/env/GONE was said to serve, which is not there: server/env/SERVING_URI (models:/iris/1)" in found.message


def test_what_cannot_be_read_may_be_the_one_that_serves() -> None:
    found = refused(TWO, secret=True)
    assert found.hint.endswith("; where none of these serves, write the one that does into the template (MODEL_URI=models:/NAME/VERSION)")
    assert "MODEL_URI" in found.message
    assert not refused(TWO).hint.endswith("(MODEL_URI=models:/NAME/VERSION)")
