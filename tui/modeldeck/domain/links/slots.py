"""Editing the places of a pod template that a promotion changes: as pointer → text, and as the patch that the API server is sent.

Pointers are JSON pointers (RFC 6901) below the Deployment. They count list entries, so they only hold for the template they were
found in: `undo_edits` looks for the same texts again in the template as it is now.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from modeldeck.domain.kubernetes.workloads import Container, PodTemplate
from modeldeck.domain.links.links import MODEL_ANNOTATION, RUN_ID_ANNOTATION, VERSION_ANNOTATION, LinkSource, ServingLink
from modeldeck.domain.mlflow.model_uri import ModelUri, parse

ANNOTATIONS = "/spec/template/metadata/annotations"
LABELS = "/spec/template/metadata/labels"
CONTAINERS = "/spec/template/spec/containers"
INIT_CONTAINERS = "/spec/template/spec/initContainers"

Edits = Mapping[str, tuple[str | None, str | None]]
"""JSON pointer → (text before, text after); None: absent."""


def escape(key: str) -> str:
    """One reference token of a JSON pointer."""
    return key.replace("~", "~0").replace("/", "~1")


def unescape(token: str) -> str:
    return token.replace("~1", "/").replace("~0", "~")


def each_container(template: PodTemplate) -> Iterator[tuple[str, Container]]:
    """Every container with its pointer, those that serve first."""
    for index, container in enumerate(template.containers):
        yield f"{CONTAINERS}/{index}", container
    for index, container in enumerate(template.init_containers):
        yield f"{INIT_CONTAINERS}/{index}", container


def places(template: PodTemplate) -> dict[str, str]:
    """Every place of the template that an edit can name, with its present text. Values from elsewhere (`valueFrom`) are left out."""
    found = {f"{ANNOTATIONS}/{escape(key)}": text for key, text in template.annotations.items()}
    found |= {f"{LABELS}/{escape(key)}": text for key, text in template.labels.items()}
    for stem, container in each_container(template):
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
    texts: dict[str, str] = {}
    # From the end of each text to its beginning, so that one that holds two references keeps the places of those still to come.
    for one in sorted((link, *link.also), key=lambda one: one.span or (0, 0), reverse=True):
        texts[one.slot.where] = _new_text(one, texts.get(one.slot.where, one.slot.text), version, model, run_id, source)
    before_of = {one.slot.where: one.slot.text for one in (link, *link.also)}
    edits: dict[str, tuple[str | None, str | None]] = {where: (before_of[where], text) for where, text in texts.items()}
    said = dict(link.annotations)
    for key, text in ((MODEL_ANNOTATION, model), (VERSION_ANNOTATION, version), (RUN_ID_ANNOTATION, run_id)):
        edits[f"{ANNOTATIONS}/{escape(key)}"] = (said.get(key), text)
    return {where: (before, after) for where, (before, after) in edits.items() if before != after}


def _new_text(link: ServingLink, text: str, version: str, model: str, run_id: str | None, source: str) -> str:
    start, end = link.span or (0, len(text))
    if link.how not in (LinkSource.ENV_URI, LinkSource.ARG_URI):
        return text[:start] + version + text[end:]
    if link.alias is not None:
        return text
    uri = parse(text[start:end])
    if uri is not None:
        return text[:start] + _new_uri(uri, version, model, run_id, source) + text[end:]
    # A part of a reference that stands in pieces: `models:/iris/$(VERSION)`.
    new = version if link.model is not None else run_id
    if new is None:
        raise ValueError(f"the run of version {version} is not known, and {link.slot.text!r} names a run")
    return text[:start] + new + text[end:]


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
    below: dict[str, dict[str, list[tuple[list[str], str | None]]]] = {}
    containers = dict(each_container(template))
    for where, (_, after) in edits.items():
        for stem, part in ((ANNOTATIONS, "annotations"), (LABELS, "labels")):
            if where.startswith(stem + "/"):
                metadata.setdefault(part, {})[unescape(where[len(stem) + 1 :])] = after
                break
        else:
            place, field, rest = _container_place(where, containers)
            below.setdefault(place, {}).setdefault(field, []).append((rest, after))
    patch: dict[str, object] = {"metadata": metadata} if metadata else {}
    spec: dict[str, list[dict[str, object]]] = {}
    for place, container in containers.items():
        if place in below:
            spec.setdefault(place.split("/")[4], []).append(_container_patch(container, below[place]))
    return patch | ({"spec": spec} if spec else {})


def _container_place(where: str, containers: Mapping[str, Container]) -> tuple[str, str, list[str]]:
    tokens = where.split("/")
    place = "/".join(tokens[:6])
    if place not in containers or len(tokens) < 7:
        raise ValueError(f"not a place in this template: {where}")
    return place, tokens[6], tokens[7:]


def _container_patch(container: Container, fields: Mapping[str, list[tuple[list[str], str | None]]]) -> dict[str, object]:
    patch: dict[str, object] = {"name": container.name}
    for field, changes in fields.items():
        if field == "image":
            patch["image"] = changes[0][1]
        elif field == "env":
            patch["env"] = [_env_patch(container.env[int(rest[0])].name, after) for rest, after in changes]
        elif field in ("args", "command"):
            parts: list[str | None] = list(container.args if field == "args" else container.command)
            for rest, after in changes:
                parts[int(rest[0])] = after
            patch[field] = [word for word in parts if word is not None]
        else:
            raise ValueError(f"not a place that can be edited: {field} of container {container.name}")
    return patch


def _env_patch(name: str, after: str | None) -> dict[str, object]:
    return {"name": name, "$patch": "delete"} if after is None else {"name": name, "value": after}


def undo_edits(edits: Edits, template: PodTemplate) -> Edits | None:
    """What takes the edits back in the template as it is now: only their own places, found again where lists have shifted.

    Places that already hold their old text need nothing. None: somebody has since changed one of these places, or it cannot be told apart.
    """
    present = places(template)
    undo = {where: (after, before) for where, (before, after) in edits.items() if present.get(where) == after}
    moved: dict[tuple[str, str | None, str | None], int] = {}
    for where, (before, after) in edits.items():
        if present.get(where) not in (before, after):
            key = (_kind(where), before, after)
            moved[key] = moved.get(key, 0) + 1
    for (kind, before, after), count in moved.items():
        found = [other for other, text in present.items() if text == after and other not in edits and _kind(other) == kind]
        # As many as were made: then it does not matter which is which, as all of them held the same text before.
        if not kind or len(found) != count:
            return None
        undo |= dict.fromkeys(found, (after, before))
    return undo


def _kind(where: str) -> str:
    """The same for entries of one list, and for one field of any container; "" for what does not move."""
    listed = any(where.startswith(stem + "/") for stem in (CONTAINERS, INIT_CONTAINERS))
    return re.sub(r"/[0-9]+", "/*", where) if listed else ""
