"""Finding which model version a pod template serves, and where it says so.

Looked for, in every container and init container: environment values, arguments and commands that hold a model URI
(MODEL_URI=models:/iris/3, mlflow models serve -m models:/iris/3), pairs of environment values (MODEL_NAME=iris, MODEL_VERSION=3), and
images by a configured pattern (registry/iris:{version}). Where there is nothing of these, labels by a configured pattern, and annotations
`modeldeck.dev/*` that somebody wrote by hand.

Nothing is guessed: a template without a reference has no link, and where references differ, or one of them may be of a model that does not
serve, it is for a person to say which one does. Edits of what was found are in `slots.py`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from modeldeck.domain.kubernetes.workloads import Container, Deployment, PodTemplate
from modeldeck.domain.links.links import (
    ANNOTATION_KEYS,
    LINK_ANNOTATION,
    MODEL_ANNOTATION,
    RUN_ID_ANNOTATION,
    VERSION_ANNOTATION,
    LinkPatterns,
    LinkSource,
    ServingLink,
    Slot,
)
from modeldeck.domain.links.references import Found, plays_another_role, references
from modeldeck.domain.links.slots import ANNOTATIONS, LABELS, each_container, escape, slot_edits, template_patch, undo_edits

__all__ = ["find_links", "image_pattern", "slot_edits", "template_patch", "undo_edits"]

_PLAIN_VERSION = re.compile(r"[vV]?([0-9]+)")
_USUAL_NAMES = ("MODEL_URI", "MLFLOW_MODEL_URI", "STORAGE_URI", "MODEL_PATH")
_NO_PATTERNS = LinkPatterns()

Chosen = tuple[str, ...]
"""The places that somebody said serve, by `Slot.name` or its beginning; () where nobody did."""


def chosen_places(deployment: Deployment, patterns: LinkPatterns = _NO_PATTERNS) -> Chosen:
    """What the Deployment's annotation says, else the configuration."""
    said = deployment.annotations.get(LINK_ANNOTATION) or dict(patterns.deployments).get(deployment.key, "")
    return tuple(place.strip() for place in said.split(",") if place.strip())


def link_of(deployment: Deployment, patterns: LinkPatterns = _NO_PATTERNS) -> ServingLink | None:
    """The reference that surely says what the Deployment serves; None where there is none."""
    return primary(links_of(deployment, patterns))


def links_of(deployment: Deployment, patterns: LinkPatterns = _NO_PATTERNS) -> tuple[ServingLink, ...]:
    return find_links(deployment.template, patterns, chosen_places(deployment, patterns))


def link_in(template: PodTemplate, deployment: Deployment, patterns: LinkPatterns = _NO_PATTERNS) -> ServingLink | None:
    """The same in another template of the Deployment: a pod's, or an earlier one, which may not have had the chosen place yet."""
    chosen = chosen_places(deployment, patterns)
    found = primary(find_links(template, patterns, chosen))
    return found if found is not None or not chosen else primary(find_links(template, patterns))


def primary(links: Sequence[ServingLink]) -> ServingLink | None:
    """The one that surely serves."""
    return next((link for link in links if link.certain), None)


def find_links(template: PodTemplate, patterns: LinkPatterns = _NO_PATTERNS, chosen: Chosen = ()) -> tuple[ServingLink, ...]:
    """Each reference of the template once, with all its places. Either one that is certain, or any number that are not."""
    read = [references(stem, container) for stem, container in each_container(template)]
    found = _all(template, read, patterns)
    ours = tuple((key, template.annotations[key]) for key in ANNOTATION_KEYS if key in template.annotations)
    if not found:
        alone = _by_annotations(template, ours)
        return (alone,) if alone else ()
    grouped = _chosen(found, chosen) if chosen else _grouped(found, certain=_is_certain(found, read))
    return tuple(_beside(link, ours) for link in grouped) if ours else grouped


def unread(template: PodTemplate) -> tuple[str, ...]:
    """What may say which version serves, but cannot be read or edited in the template, in words: which ConfigMap a value comes from."""
    return tuple(message for stem, container in each_container(template) for message in references(stem, container).unread)


def taken_in(template: PodTemplate) -> tuple[str, ...]:
    """Whole sets of variables that containers take from elsewhere, in words."""
    return tuple(
        f"container {container.name} takes variables from {source}"
        for _, container in each_container(template)
        for source in container.env_from
    )


def _all(template: PodTemplate, read: Sequence[Found], patterns: LinkPatterns) -> Sequence[ServingLink]:
    direct = [link for one in read for link in one.links]
    if direct and not patterns.images:
        return direct
    images = [link for stem, container in each_container(template) if (link := _image(stem, container, patterns)) is not None]
    if direct:
        # A pattern may be so broad that it takes any image for a model's: beside other references, only the same model counts.
        models = {link.model for link in direct}
        images = [link for link in images if link.model in models]
    found = [*direct, *images]
    if not found and (label := _by_label(template, patterns)) is not None:
        found = [label]
    return found


def _is_certain(found: Sequence[ServingLink], read: Sequence[Found]) -> bool:
    agree = len(found) == 1 or len({_meaning(link) for link in found}) == 1
    return agree and not any(one.unread for one in read) and not any(plays_another_role(link) for link in found)


def _meaning(link: ServingLink) -> tuple[str | None, ...]:
    return link.model, link.version, link.alias, link.stage, link.run_id, link.model_id


def _grouped(found: Sequence[ServingLink], *, certain: bool) -> tuple[ServingLink, ...]:
    if certain and len(found) == 1:
        return (found[0],)  # as nearly all are: a large cluster has many
    groups: dict[tuple[str | None, ...], list[ServingLink]] = {}
    for link in sorted(found, key=_unusual):
        groups.setdefault(_meaning(link), []).append(link)
    return tuple(replace(first, also=tuple(also), certain=certain) for first, *also in groups.values())


def _unusual(link: ServingLink) -> tuple[bool, int]:
    """The likeliest first, as it is the one that a reader looks for."""
    name = link.slot.name.rpartition("/")[2].upper()
    return plays_another_role(link), _USUAL_NAMES.index(name) if name in _USUAL_NAMES else len(_USUAL_NAMES)


def _chosen(found: Sequence[ServingLink], chosen: Chosen) -> tuple[ServingLink, ...]:
    """The places that were chosen, as one link where they do not contradict each other; everything, where none of them is there."""
    wanted = [link for link in found if any(link.slot.name == place or link.slot.name.startswith(f"{place}/") for place in chosen)]
    if not wanted:
        return _grouped(found, certain=False)
    if len({_meaning(link) for link in wanted}) == 1:
        return _grouped(wanted, certain=True)
    # Somebody who names both says that a run and a version are the same thing.
    named = [link for link in wanted if link.model is not None]
    if named and len({_meaning(link) for link in named}) == 1 and named[0].version is not None:
        others = [link for link in wanted if link not in named]
        if len({_meaning(link) for link in others}) == 1:
            return (replace(named[0], also=(*named[1:], *others), certain=True),)
    return _grouped(wanted, certain=False)


@lru_cache(maxsize=16384)
def _image(stem: str, container: Container, patterns: LinkPatterns) -> ServingLink | None:
    for pattern in patterns.images:
        match = image_pattern(pattern).fullmatch(container.image)
        if match is None:
            continue
        groups = match.groupdict()
        model = groups.get("model") or container.image.rpartition(":")[0].rpartition("/")[2]
        slot = Slot(f"{stem}/image", container.image, container.name, f"{container.name}/image")
        return ServingLink(model, groups["version"], None, None, LinkSource.IMAGE, slot, container.name, span=match.span("version"))
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
            slot = Slot(f"{LABELS}/{escape(key)}", text, name=f"labels/{key}")
            return ServingLink(model, version.group(1), None, None, LinkSource.LABEL, slot, None, span=version.span(1))
    return None


def _by_annotations(template: PodTemplate, ours: tuple[tuple[str, str], ...]) -> ServingLink | None:
    said = dict(ours)
    model, version = said.get(MODEL_ANNOTATION), said.get(VERSION_ANNOTATION)
    if not model or not version:
        return None
    slot = Slot(f"{ANNOTATIONS}/{escape(VERSION_ANNOTATION)}", version, name=f"annotations/{VERSION_ANNOTATION}")
    container = template.containers[0].name if len(template.containers) == 1 else None
    return ServingLink(model, version, None, None, LinkSource.ANNOTATION, slot, container, annotated=True, annotations=ours)


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
