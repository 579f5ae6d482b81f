"""Edits of a Deployment as a whole: places of its pod template (domain/links/slots.py) and its own annotations, by JSON pointer."""

from __future__ import annotations

from collections.abc import Mapping

from modeldeck.domain.kubernetes.annotations import RESTARTED_AT
from modeldeck.domain.kubernetes.workloads import Deployment
from modeldeck.domain.links.slots import ANNOTATIONS, LABELS, Edits, escape, places, template_patch, undo_edits, unescape

OWN_ANNOTATIONS = "/metadata/annotations"
_TEMPLATE = "/spec/template/"
_RESTARTED = f"{ANNOTATIONS}/{escape(RESTARTED_AT)}"


def own_annotation(key: str) -> str:
    """The pointer of an annotation on the Deployment itself."""
    return f"{OWN_ANNOTATIONS}/{escape(key)}"


def of_template(edits: Edits) -> dict[str, tuple[str | None, str | None]]:
    """The edits that start a rollout."""
    return {where: change for where, change in edits.items() if where.startswith(_TEMPLATE)}


def of_annotations(edits: Edits) -> dict[str, tuple[str | None, str | None]]:
    """The edits that nothing restarts for."""
    return {where: change for where, change in edits.items() if where.startswith(OWN_ANNOTATIONS + "/")}


def stand(edits: Edits, deployment: Deployment) -> bool:
    """Whether every edit is in place already."""
    now = _present(deployment)
    return all(now.get(where) == after for where, (_, after) in edits.items())


def strays(edits: Edits, deployment: Deployment) -> tuple[str, ...]:
    """In words, the places that hold neither their old nor their new text."""
    now = _present(deployment)
    return tuple(
        f"{where}: {_quoted(now.get(where))}, neither {_quoted(before)} nor {_quoted(after)}"
        for where, (before, after) in edits.items()
        if now.get(where) not in (before, after)
    )


def patch(edits: Edits, deployment: Deployment, *, guarded: bool = True) -> dict[str, object]:
    """A strategic merge patch of the Deployment; `guarded`: it conflicts when anything was written since `deployment` was read."""
    metadata: dict[str, object] = {}
    if guarded:
        metadata["resourceVersion"] = deployment.resource_version
    annotations = {unescape(where[len(OWN_ANNOTATIONS) + 1 :]): after for where, (_, after) in of_annotations(edits).items()}
    if annotations:
        metadata["annotations"] = annotations
    body: dict[str, object] = {"metadata": metadata} if metadata else {}
    template = of_template(edits)
    if template:
        body["spec"] = {"template": template_patch(template, deployment.template)}
    return body


def reversed_edits(edits: Edits, deployment: Deployment) -> Edits | None:
    """What takes the edits back in the Deployment as it is now. None: somebody has changed a place of the template meanwhile.

    An own annotation that somebody else has overwritten is theirs now, and is left alone; so is a restart of theirs after ours, which says
    nothing about what is served.
    """
    restart = deployment.template.annotations.get(RESTARTED_AT)
    ours = {where: change for where, change in of_template(edits).items() if where != _RESTARTED or restart in change}
    back = undo_edits(ours, deployment.template)
    if back is None:
        return None
    now = deployment.annotations
    own: dict[str, tuple[str | None, str | None]] = {}
    for where, (before, after) in of_annotations(edits).items():
        if now.get(unescape(where[len(OWN_ANNOTATIONS) + 1 :])) == after:
            own[where] = (after, before)
    return {**back, **own}


def _present(deployment: Deployment) -> Mapping[str, str]:
    return {**places(deployment.template), **{own_annotation(key): text for key, text in deployment.annotations.items()}}


def _quoted(text: str | None) -> str:
    return "nothing" if text is None else repr(text)


def tail(where: str) -> str:
    """The end of a pointer that people recognise: `env/0/value`, `modeldeck.dev/version`."""
    for stem in (OWN_ANNOTATIONS, ANNOTATIONS, LABELS):
        if where.startswith(stem + "/"):
            return unescape(where[len(stem) + 1 :])
    return "/".join(where.split("/")[6:])
