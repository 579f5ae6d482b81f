"""Editing the places of a pod template that a promotion changes: as pointer → text, and as the patch that the API server is sent.

Pointers are JSON pointers (RFC 6901) below the Deployment. They count list entries, so they only hold for the template they were
found in: `undo_edits` looks for the same texts again in the template as it is now.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from tui.domain.links import MODEL_ANNOTATION, RUN_ID_ANNOTATION, VERSION_ANNOTATION, How, ServingLink
from tui.domain.model_uri import ModelUri, parse
from tui.domain.serving import PodTemplate

ANNOTATIONS = "/spec/template/metadata/annotations"
LABELS = "/spec/template/metadata/labels"
CONTAINERS = "/spec/template/spec/containers"

Edits = Mapping[str, tuple[str | None, str | None]]
"""JSON pointer → (text before, text after); None: absent."""


def escape(key: str) -> str:
    """One reference token of a JSON pointer."""
    return key.replace("~", "~0").replace("/", "~1")


def unescape(token: str) -> str:
    return token.replace("~1", "/").replace("~0", "~")


def places(template: PodTemplate) -> dict[str, str]:
    """Every place of the template that an edit can name, with its present text. Values from elsewhere (`valueFrom`) are left out."""
    found = {f"{ANNOTATIONS}/{escape(key)}": text for key, text in template.annotations.items()}
    found |= {f"{LABELS}/{escape(key)}": text for key, text in template.labels.items()}
    for index, container in enumerate(template.containers):
        stem = f"{CONTAINERS}/{index}"
        found[f"{stem}/image"] = container.image
        found |= {f"{stem}/command/{at}": word for at, word in enumerate(container.command)}
        found |= {f"{stem}/args/{at}": word for at, word in enumerate(container.args)}
        found |= {f"{stem}/env/{at}/value": v.value for at, v in enumerate(container.env) if v.value is not None}
    return found


def slot_edits(link: ServingLink, version: str, *, model: str, run_id: str | None, source: str = "") -> Edits:
    """The text edits that make this link name `version` of `model`, annotations included; empty where it already does.

    `run_id` is the run that the version came from, `source` its artifact location where known. A slot that names an alias stays as it is:
    the alias itself moves. Raises ValueError where the link is another model's, which no edit of a version can express.
    """
    if link.model is not None and link.model != model:
        raise ValueError(f"the template serves {link.model}, not {model}")
    edits: dict[str, tuple[str | None, str | None]] = {link.slot.where: (link.slot.text, _new_text(link, version, model, run_id, source))}
    said = dict(link.annotations)
    for key, text in ((MODEL_ANNOTATION, model), (VERSION_ANNOTATION, version), (RUN_ID_ANNOTATION, run_id)):
        edits[f"{ANNOTATIONS}/{escape(key)}"] = (said.get(key), text)
    return {where: (before, after) for where, (before, after) in edits.items() if before != after}


def _new_text(link: ServingLink, version: str, model: str, run_id: str | None, source: str) -> str:
    text = link.slot.text
    start, end = link.span or (0, len(text))
    if link.how not in (How.ENV_URI, How.ARG_URI):
        return text[:start] + version + text[end:]
    uri = parse(text[start:end])
    if uri is None:
        raise ValueError(f"the slot holds no reference to a model: {text!r}")
    return text[:start] + _new_uri(uri, version, model, run_id, source) + text[end:]


def _new_uri(uri: ModelUri, version: str, model: str, run_id: str | None, source: str) -> str:
    """Keeps the kind of reference that stands there, as the server behind it may understand no other one."""
    if uri.alias is not None:
        return uri.text
    if uri.model is not None:
        head, _, _ = uri.text.rpartition("/")
        return f"{head}/{version}"
    origin = parse(source)
    if origin is not None and origin.run_id == run_id and _scheme(source) == _scheme(uri.text):
        return source
    if uri.run_id is not None and run_id:
        return uri.text.replace(uri.run_id, run_id, 1)
    return f"models:/{model}/{version}"


def _scheme(uri: str) -> str:
    return uri.partition(":/")[0] if ":/" in uri else ""


def template_patch(edits: Edits, template: PodTemplate) -> dict[str, object]:
    """The edits as a strategic merge patch of what stands below `spec.template`.

    Containers and environment are merged by name; of args and command the whole list is sent, as Kubernetes replaces it. Raises ValueError
    for a pointer that names no place of this template.
    """
    metadata: dict[str, dict[str, str | None]] = {}
    containers: dict[int, dict[str, list[tuple[list[str], str | None]]]] = {}
    for where, (_, after) in edits.items():
        for stem, part in ((ANNOTATIONS, "annotations"), (LABELS, "labels")):
            if where.startswith(stem + "/"):
                metadata.setdefault(part, {})[unescape(where[len(stem) + 1 :])] = after
                break
        else:
            index, field, rest = _container_place(where, template)
            containers.setdefault(index, {}).setdefault(field, []).append((rest, after))
    patch: dict[str, object] = {}
    if metadata:
        patch["metadata"] = metadata
    if containers:
        patch["spec"] = {"containers": [_container_patch(template, index, fields) for index, fields in sorted(containers.items())]}
    return patch


def _container_place(where: str, template: PodTemplate) -> tuple[int, str, list[str]]:
    tokens = where[len(CONTAINERS) + 1 :].split("/") if where.startswith(CONTAINERS + "/") else []
    if len(tokens) < 2 or not tokens[0].isdigit() or int(tokens[0]) >= len(template.containers):
        raise ValueError(f"not a place in this template: {where}")
    return int(tokens[0]), tokens[1], tokens[2:]


def _container_patch(template: PodTemplate, index: int, fields: Mapping[str, list[tuple[list[str], str | None]]]) -> dict[str, object]:
    container = template.containers[index]
    patch: dict[str, object] = {"name": container.name}
    for field, changes in fields.items():
        if field == "image":
            patch["image"] = changes[0][1]
        elif field == "env":
            patch["env"] = [_env_patch(container.env[int(rest[0])].name, after) for rest, after in changes]
        elif field in ("args", "command"):
            words: list[str | None] = list(container.args if field == "args" else container.command)
            for rest, after in changes:
                words[int(rest[0])] = after
            patch[field] = [word for word in words if word is not None]
        else:
            raise ValueError(f"not a place that can be edited: {CONTAINERS}/{index}/{field}")
    return patch


def _env_patch(name: str, after: str | None) -> dict[str, object]:
    return {"name": name, "$patch": "delete"} if after is None else {"name": name, "value": after}


def undo_edits(edits: Edits, template: PodTemplate) -> Edits | None:
    """What takes the edits back in the template as it is now: only their own places, found again where lists have shifted.

    Places that already hold their old text need nothing. None: somebody has since changed one of these places, or it cannot be told apart.
    """
    present = places(template)
    undo: dict[str, tuple[str | None, str | None]] = {}
    for where, (before, after) in edits.items():
        now = present.get(where)
        if now == after:
            undo[where] = (after, before)
            continue
        if now == before:
            continue
        moved = [other for other, text in present.items() if text == after and _same_kind(where, other)]
        if len(moved) != 1:
            return None
        undo[moved[0]] = (after, before)
    return undo


def _same_kind(where: str, other: str) -> bool:
    """Whether two pointers name entries of the same list or the same field of containers."""
    if not (where.startswith(CONTAINERS) and other.startswith(CONTAINERS)):
        return False
    return re.sub(r"/[0-9]+", "/*", where) == re.sub(r"/[0-9]+", "/*", other)
