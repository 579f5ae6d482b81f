"""Finding which model version a pod template serves, and where it says so (promotion.md, section 1). First match wins, per container.

    1  annotations `modeldeck.dev/*`                     beside the next match; alone, they are the slot
    2  environment values that hold a model URI           MODEL_URI=models:/iris/3
    3  command or args that hold a model URI              mlflow models serve -m models:/iris/3
    4  a pair of environment values                       MODEL_NAME=iris, MODEL_VERSION=3
    5  the image by a configured pattern                  registry/iris:{version}
    6  a label by a configured pattern                    app.kubernetes.io/version: "3"

Nothing is guessed: a template without a match has no link. Edits of what was found are in `slots.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from tui.domain.links import (
    ANNOTATION_KEYS,
    MODEL_ANNOTATION,
    RUN_ID_ANNOTATION,
    VERSION_ANNOTATION,
    How,
    LinkPatterns,
    ServingLink,
    Slot,
)
from tui.domain.model_uri import ModelUri, find
from tui.domain.serving import Container, PodTemplate
from tui.domain.slots import ANNOTATIONS, CONTAINERS, LABELS, escape, slot_edits, template_patch, undo_edits

__all__ = ["find_links", "image_pattern", "slot_edits", "template_patch", "undo_edits"]

_PLAIN_VERSION = re.compile(r"[vV]?([0-9]+)")
_VERSION_NAME = re.compile(r"(.*?)MODEL_VERSION", re.IGNORECASE)
_PARTNERS = ("MODEL_NAME", "REGISTERED_MODEL_NAME", "REGISTERED_MODEL", "MODEL_ID", "MODEL")
_USUAL_URI_NAMES = ("MODEL_URI", "MLFLOW_MODEL_URI", "STORAGE_URI", "MODEL_PATH")
_NO_PATTERNS = LinkPatterns()


def find_links(template: PodTemplate, patterns: LinkPatterns = _NO_PATTERNS) -> tuple[ServingLink, ...]:
    """At most one link a container, in the order of the containers; one of the whole template where only labels or annotations speak."""
    found = [link for index, container in enumerate(template.containers) if (link := _in_container(index, container, patterns))]
    if not found and (label := _by_label(template, patterns)) is not None:
        found = [label]
    ours = tuple((key, template.annotations[key]) for key in ANNOTATION_KEYS if key in template.annotations)
    if not ours:
        return tuple(found)
    if not found:
        alone = _by_annotations(template, ours)
        return (alone,) if alone else ()
    return tuple(_beside(link, ours) for link in found)


@lru_cache(maxsize=16384)
def _in_container(index: int, container: Container, patterns: LinkPatterns) -> ServingLink | None:
    return _env_uri(index, container) or _arg_uri(index, container) or _env_pair(index, container) or _image(index, container, patterns)


def _effective_env(container: Container) -> Iterator[tuple[int, str, str]]:
    """Index, name and value; of a name that stands twice, the last one, as the kubelet does it."""
    last = {variable.name: index for index, variable in enumerate(container.env)}
    for index, variable in enumerate(container.env):
        if variable.value is not None and last[variable.name] == index:
            yield index, variable.name, variable.value


def _env_uri(index: int, container: Container) -> ServingLink | None:
    usual: dict[str, ServingLink] = {}
    others: list[ServingLink] = []
    for at, name, value in _effective_env(container):
        match = find(value)
        if match is None:
            continue
        link = _of_uri(match, How.ENV_URI, Slot(f"{CONTAINERS}/{index}/env/{at}/value", value, container.name))
        if name.upper() in _USUAL_URI_NAMES:
            usual.setdefault(name.upper(), link)
        else:
            others.append(link)
    # The usual names first: a fallback or shadow model beside MODEL_URI is not what the container serves.
    return next((usual[name] for name in _USUAL_URI_NAMES if name in usual), None) or (others[0] if others else None)


def _arg_uri(index: int, container: Container) -> ServingLink | None:
    for part, words in (("args", container.args), ("command", container.command)):
        for at, word in enumerate(words):
            match = find(word)
            if match is not None:
                return _of_uri(match, How.ARG_URI, Slot(f"{CONTAINERS}/{index}/{part}/{at}", word, container.name))
    return None


def _of_uri(match: tuple[int, int, ModelUri], how: How, slot: Slot) -> ServingLink:
    start, end, uri = match
    return ServingLink(
        model=uri.model,
        version=uri.version,
        alias=uri.alias,
        run_id=uri.run_id,
        how=how,
        slot=slot,
        container=slot.container,
        stage=uri.stage,
        model_id=uri.model_id,
        span=(start, end),
    )


def _env_pair(index: int, container: Container) -> ServingLink | None:
    names = {name.upper(): value for _, name, value in _effective_env(container)}
    for at, name, value in _effective_env(container):
        stem = _VERSION_NAME.fullmatch(name)
        version = _PLAIN_VERSION.fullmatch(value)
        if stem is None or version is None:
            continue
        prefix = stem.group(1).upper()
        model = next((names[prefix + partner] for partner in _PARTNERS if names.get(prefix + partner)), None)
        if model is not None and "$(" not in model:
            slot = Slot(f"{CONTAINERS}/{index}/env/{at}/value", value, container.name)
            return ServingLink(model, version.group(1), None, None, How.ENV_PAIR, slot, container.name, span=version.span(1))
    return None


def _image(index: int, container: Container, patterns: LinkPatterns) -> ServingLink | None:
    for pattern in patterns.images:
        match = image_pattern(pattern).fullmatch(container.image)
        if match is None:
            continue
        groups = match.groupdict()
        model = groups.get("model") or container.image.rpartition(":")[0].rpartition("/")[2]
        slot = Slot(f"{CONTAINERS}/{index}/image", container.image, container.name)
        return ServingLink(model, groups["version"], None, None, How.IMAGE, slot, container.name, span=match.span("version"))
    return None


@lru_cache(maxsize=64)
def image_pattern(pattern: str) -> re.Pattern[str]:
    """`registry/{model}:{version}` as an expression. A digest after the tag never matches: it outranks the tag, so an edited tag would lie.

    Raises ValueError for a pattern without exactly one `{version}` or with more than one `{model}`.
    """
    if pattern.count("{version}") != 1 or pattern.count("{model}") > 1:
        raise ValueError(f"an image pattern needs one {{version}} and at most one {{model}}: {pattern!r}")
    text = re.escape(pattern).replace(re.escape("{version}"), r"(?P<version>[0-9]+)").replace(re.escape("{model}"), r"(?P<model>[^/:@]+)")
    return re.compile(text)


def _by_label(template: PodTemplate, patterns: LinkPatterns) -> ServingLink | None:
    for key, name in patterns.labels:
        text = template.labels.get(key, "")
        version = _PLAIN_VERSION.fullmatch(text)
        other = re.fullmatch(r"\{(.+)\}", name)
        model = template.labels.get(other.group(1)) if other else name
        if version is not None and model:
            slot = Slot(f"{LABELS}/{escape(key)}", text)
            return ServingLink(model, version.group(1), None, None, How.LABEL, slot, None, span=version.span(1))
    return None


def _by_annotations(template: PodTemplate, ours: tuple[tuple[str, str], ...]) -> ServingLink | None:
    said = dict(ours)
    model, version = said.get(MODEL_ANNOTATION), said.get(VERSION_ANNOTATION)
    if not model or not version:
        return None
    slot = Slot(f"{ANNOTATIONS}/{escape(VERSION_ANNOTATION)}", version)
    container = template.containers[0].name if len(template.containers) == 1 else None
    return ServingLink(model, version, None, None, How.ANNOTATION, slot, container, annotated=True, annotations=ours)


def _beside(link: ServingLink, ours: tuple[tuple[str, str], ...]) -> ServingLink:
    """The slot outranks the annotations, as it is what the container reads; they add what it leaves open."""
    said = dict(ours)
    model, version = said.get(MODEL_ANNOTATION), said.get(VERSION_ANNOTATION)
    agrees = (
        bool(model and version)
        and link.model in (None, model)
        and link.version in (None, version)
        and (link.run_id is None or said.get(RUN_ID_ANNOTATION) in (None, link.run_id))
    )
    if not agrees:
        return replace(link, annotations=ours)
    return replace(link, model=model, version=version, annotated=True, annotations=ours)
