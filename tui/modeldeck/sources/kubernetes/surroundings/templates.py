"""Pod templates with every field that they have, and the ConfigMaps and Secrets that they name."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import Raw

from modeldeck.domain.kubernetes.surroundings import FieldPath, TemplateFields
from modeldeck.sources.kubernetes.resources import ResourceKind
from modeldeck.sources.kubernetes.wire import ContainerSpec, KeyRef, Meta, Wire

MOST_FIELDS = 5000
"""Of one template; a large one has a few hundred."""


class TemplateHolderSpec(Wire):
    template: Raw = Raw(b"{}")


class TemplateHolder(Wire):
    metadata: Meta
    spec: TemplateHolderSpec


@dataclass(frozen=True, slots=True)
class HeldTemplate:
    name: str
    uid: str
    owners: frozenset[str]
    raw: Raw


def _held(body: TemplateHolder) -> HeldTemplate:
    owners = frozenset(owner.uid for owner in body.metadata.owner_references or () if owner.controller)
    return HeldTemplate(body.metadata.name, body.metadata.uid, owners, body.spec.template.copy())


SETS: ResourceKind[HeldTemplate] = ResourceKind("replicasets", "/apis/apps/v1", msgspec.json.Decoder(TemplateHolder), _held)


def fields_of(raw: Raw) -> TemplateFields:
    """Flat, at most so many."""
    found: dict[FieldPath, str] = {}
    for path, text in _walk(msgspec.json.decode(raw), ()):
        found[path] = text
        if len(found) >= MOST_FIELDS:
            break
    return found


def _walk(value: Any, path: FieldPath) -> Iterator[tuple[FieldPath, str]]:
    if isinstance(value, dict) and value:
        for key, each in value.items():
            yield from _walk(each, (*path, key))
    elif isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
        names = _names(value)
        for place, each in enumerate(value):
            rest = {key: one for key, one in each.items() if key != "name"} if names else each
            if path[-1:] == ("env",) and not rest:
                rest = {"value": ""}  # the API leaves an empty value out
            yield from _walk(rest, (*path, names[place] if names else str(place)))
    elif value is not None:
        yield path, _text(value)


def _names(members: Sequence[dict[str, Any]]) -> list[str]:
    """What tells them apart; [] where nothing does."""
    names = [each.get("name") for each in members]
    known = [name for name in names if isinstance(name, str) and name]
    return known if len(set(known)) == len(members) else []


def _text(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case list():
            return shlex.join(map(_text, value)) if value else "[]"
        case dict():
            return "{}" if not value else msgspec.json.encode(value).decode()
        case _:
            return str(value)


class NamedRef(Wire):
    name: str = ""


class SecretVolume(Wire):
    secret_name: str = ""


class ProjectedSource(Wire):
    config_map: NamedRef | None = None
    secret: NamedRef | None = None


class ProjectedVolume(Wire):
    sources: list[ProjectedSource] | None = None


class VolumeWire(Wire):
    config_map: NamedRef | None = None
    secret: SecretVolume | None = None
    projected: ProjectedVolume | None = None


class ReferringSpec(Wire):
    containers: list[ContainerSpec] | None = None
    init_containers: list[ContainerSpec] | None = None
    volumes: list[VolumeWire] | None = None


class ReferringTemplate(Wire):
    spec: ReferringSpec = msgspec.field(default_factory=ReferringSpec)


@dataclass(frozen=True, slots=True, order=True)
class ConfigReference:
    kind: str
    name: str
    as_files: bool


def references_in(raw: Raw) -> tuple[ConfigReference, ...]:
    """Each ConfigMap and Secret once: as files where it is mounted anywhere."""
    found: dict[tuple[str, str], bool] = {}
    for kind, ref, as_files in _references(msgspec.json.decode(raw, type=ReferringTemplate).spec):
        if ref:
            found[kind, ref] = as_files or found.get((kind, ref), False)
    return tuple(sorted(ConfigReference(kind, name, as_files) for (kind, name), as_files in found.items()))


def _references(spec: ReferringSpec) -> Iterator[tuple[str, str, bool]]:
    for container in (*(spec.containers or ()), *(spec.init_containers or ())):
        for variable in container.env or ():
            if variable.value_from is not None:
                yield from _either(variable.value_from.config_map_key_ref, variable.value_from.secret_key_ref)
        for each in container.env_from or ():
            yield from _either(each.config_map_ref, each.secret_ref)
    for volume in spec.volumes or ():
        if volume.secret is not None:
            yield "Secret", volume.secret.secret_name, True
        sources = (volume.projected.sources or ()) if volume.projected is not None else ()
        for one in (volume.config_map, *(source.config_map for source in sources)):
            if one is not None:
                yield "ConfigMap", one.name, True
        for source in sources:
            if source.secret is not None:
                yield "Secret", source.secret.name, True


def _either(config_map: KeyRef | None, secret: KeyRef | None) -> Iterator[tuple[str, str, bool]]:
    if config_map is not None:
        yield "ConfigMap", config_map.name, False
    if secret is not None:
        yield "Secret", secret.name, False
