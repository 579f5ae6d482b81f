"""The one reference that an operation edits; or why there is none, and how a person says which one it is."""

from __future__ import annotations

import shlex

from modeldeck.domain.kubernetes.workloads import Deployment
from modeldeck.domain.links.linking import chosen_places, links_of, primary, taken_in, unread
from modeldeck.domain.links.links import LINK_ANNOTATION, ServingLink
from modeldeck.domain.operations.plan import Refusal
from modeldeck.operations.common.clients import Clients

LINK_HINT = (
    "set MODEL_URI=models:/NAME/VERSION (or MODEL_NAME and MODEL_VERSION) in the container, annotate the pod template with "
    "modeldeck.dev/model and modeldeck.dev/version, or configure links.images or links.labels for this environment"
)
AMBIGUOUS = "several_links"
"""The code of the refusal that a person has to say which reference serves."""


def certain_link(deployment: Deployment, clients: Clients) -> ServingLink | Refusal:
    """The reference that surely says what is served."""
    links = links_of(deployment, clients.environment.patterns)
    sure = primary(links)
    if sure is not None:
        return sure
    elsewhere = unread(deployment.template)
    if not links:
        why = "; ".join(elsewhere or taken_in(deployment.template))
        message = f"nothing in {deployment.key} says which model version it serves"
        return Refusal("unlinked", f"{message}: {why}" if why else message, LINK_HINT)
    named = "; ".join((*(f"{', '.join(link.places)} ({link.text})" for link in links), *elsewhere))
    chosen = chosen_places(deployment, clients.environment.patterns)
    missing = f"{', '.join(chosen)} was said to serve, which is not there: " if chosen else ""
    message = f"which reference of {deployment.key} says what is served is not certain: {missing}{named}"
    none = "; where none of these serves, write the one that does into the template (MODEL_URI=models:/NAME/VERSION)"
    return Refusal(AMBIGUOUS, message, choice_hint(deployment, links[0]) + (none if elsewhere else ""))


def choice_hint(deployment: Deployment, link: ServingLink) -> str:
    """How a person says once that this one serves."""
    place = shlex.quote(f"{LINK_ANNOTATION}={','.join(link.places)}")
    return (
        f"say once which one serves, here for the first: kubectl -n {deployment.namespace} annotate deployment {deployment.name} {place}, "
        f"or links.deployments in the configuration"
    )
