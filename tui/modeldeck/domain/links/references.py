"""Every reference to a model in one container: where it stands, and what stands in the way of reading one."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from modeldeck.domain.kubernetes.workloads import Container, EnvVar
from modeldeck.domain.links.expansion import Piece, Variables, expanded
from modeldeck.domain.links.links import LinkSource, ServingLink, Slot
from modeldeck.domain.mlflow.model_uri import Match, ModelUri, find_all

_PLAIN_VERSION = re.compile(r"[vV]?([0-9]+)")
_VERSION_NAME = re.compile(r"(.*?)MODEL_VERSION", re.IGNORECASE)
_PARTNERS = ("MODEL_NAME", "REGISTERED_MODEL_NAME", "REGISTERED_MODEL", "MODEL_ID", "MODEL")
_SERVING_NAME = re.compile(r"(.*_)?(MODEL_VERSION|MODEL_URI|MODEL_ALIAS|MODEL_STAGE|STORAGE_URI)", re.IGNORECASE)
_URI_NAME = re.compile(r"(.*_)?(MODEL_URI|STORAGE_URI)", re.IGNORECASE)
_MODEL = re.compile(r"(.*_)?MODEL(_REF|_REFERENCE)?", re.IGNORECASE)
_MODEL_FLAG = re.compile(r"-m|--model([-_]uri)?")
_MOVING_NAME = re.compile(r"(.*?)MODEL_(ALIAS|STAGE)", re.IGNORECASE)
_FLAG_BEFORE = re.compile(r"(?:^|[\s;&|(])(-{1,2}[A-Za-z][\w-]*)(?:=|\s+)\\?[\"']?$")
_SET_BEFORE = re.compile(r"(?:^|[\s;&|(])([A-Za-z_]\w*)=\\?[\"']?$")
_KEY_BEFORE = re.compile(r"""(?:\\?["']([A-Za-z_][\w.-]*)\\?["']\s*:\s*|(?:^|[\s{,])([A-Za-z_][\w.-]*):\s+)\\?["']?$""")
_OF_THE_REFERENCE = re.compile(r"[^\s\"'=]*$")
_BEGUN = re.compile(r"(?:models|runs):/[^\s\"';,&|<>]*", re.IGNORECASE)
_ADDRESS = re.compile(r"(?!file:)[A-Za-z][A-Za-z0-9+.-]*://", re.IGNORECASE)
_VARIABLE = re.compile(r"\$[({]?([A-Za-z_][\w.-]*)")
_ANOTHER_ROLE = frozenset(
    re.findall(
        "[a-z]+",
        "fallback shadow drift reference baseline previous prev old rollback canary challenger candidate compare comparison contender "
        "backup secondary standby mirror teacher train training eval evaluation test validation data dataset explainer tokenizer "
        "preprocessor draft adapter lora base pretrained parent next future upcoming",
    )
)
"""Words in the name of a variable or flag that say that the model there is, or may be, another one than the one that serves."""
_DATA = re.compile(r".*\.(csv|tsv|parquet|feather|arrow|avro|orc|jsonl?|npy|npz|html?|txt|md|png|svg|ya?ml)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Found:
    """`links`: one for each place, whether or not it is the one that serves. `unread`: places that may say it too, but cannot be read or
    edited here, in words."""

    links: tuple[ServingLink, ...]
    unread: tuple[str, ...]


@lru_cache(maxsize=16384)
def references(stem: str, container: Container) -> Found:
    """What the container's variables, arguments and command name. `stem` is its JSON pointer."""
    variables = _variables(container)
    links: dict[tuple[str, tuple[int, int] | None], ServingLink] = {}
    unread: dict[str, None] = {}
    for text in _texts(stem, container):
        pieces = expanded(text.text, variables, owner=text.variable, shell=text.variable is None)
        whole = "".join(piece.text for piece in pieces)
        matches = find_all(whole)
        for match in matches:
            link = _placed(match, pieces, text, stem, container)
            if link is None:
                unread.setdefault(f"{text.label} of container {container.name} puts {match[2].text} together from parts")
            else:
                links.setdefault((link.slot.where, link.span), link)
        unread |= dict.fromkeys(_not_understood(whole, matches, text, container))
    for pair in _pairs(stem, container, variables):
        links.setdefault((pair.slot.where, pair.span), pair)
    known = tuple(links.values())
    for text in _texts(stem, container):
        unread |= dict.fromkeys(_named_as_served(text, known, variables, container))
    unread |= dict.fromkeys(_from_elsewhere(container, known))
    return Found(_named_apart(known), tuple(unread))


def plays_another_role(link: ServingLink) -> bool:
    """Whether the place's own name says that this is, or may be, another model than the one that serves: FALLBACK_MODEL_URI, --draft-model;
    or the reference is to a file of data."""
    is_data = link.run_id is not None and _DATA.fullmatch(link.text) is not None
    return is_data or (
        link.how in (LinkSource.ENV_URI, LinkSource.ARG_URI, LinkSource.ENV_PAIR) and _another_role(link.slot.name.partition("/")[2])
    )


@lru_cache(maxsize=4096)
def _another_role(name: str) -> bool:
    words = re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", name).lower())
    return not _ANOTHER_ROLE.isdisjoint(words)


def _named_apart(links: Iterable[ServingLink]) -> tuple[ServingLink, ...]:
    """The second of two in one place is told by its number."""
    seen: dict[str, int] = {}
    apart = []
    for link in links:
        count = seen[link.slot.name] = seen.get(link.slot.name, 0) + 1
        apart.append(link if count == 1 else replace(link, slot=replace(link.slot, name=f"{link.slot.name}/{count}")))
    return tuple(apart)


@dataclass(frozen=True, slots=True)
class _Text:
    """One text of a container as it stands in the manifest. `before`: the word of the arguments before it."""

    where: str
    text: str
    name: str
    label: str
    variable: int | None = None
    before: str = ""


def _texts(stem: str, container: Container) -> Iterator[_Text]:
    for at, name, value in _effective_env(container):
        yield _Text(f"{stem}/env/{at}/value", value, f"{container.name}/env/{name}", name, at)
    for part, words in (("args", container.args), ("command", container.command)):
        for at, word in enumerate(words):
            before = words[at - 1] if at else ""
            yield _Text(f"{stem}/{part}/{at}", word, f"{container.name}/{part}/{at}", f"`{part}`", before=before)


def _last_of_each_name(container: Container) -> Iterator[tuple[int, EnvVar]]:
    """Of a name that stands twice, the last one counts, as the kubelet does it."""
    last = {variable.name: index for index, variable in enumerate(container.env)}
    return ((index, variable) for index, variable in enumerate(container.env) if last[variable.name] == index)


def _effective_env(container: Container) -> Iterator[tuple[int, str, str]]:
    """Index, name and value."""
    return ((index, variable.name, variable.value) for index, variable in _last_of_each_name(container) if variable.value is not None)


def _variables(container: Container) -> Variables:
    values = {name: (at, value) for at, name, value in _effective_env(container)}
    unread = frozenset(variable.name for _, variable in _last_of_each_name(container) if variable.value is None)
    return Variables(values, None if container.env_from else unread)


def _placed(match: Match, pieces: tuple[Piece, ...], text: _Text, stem: str, container: Container) -> ServingLink | None:
    """The link with the place that an edit has to change; None where that is spread over several places."""
    start, end, uri = match
    spot = _spot(start, end, pieces)
    whole = spot is not None
    if spot is None and uri.alias is not None:
        return _link(uri, LinkSource.ARG_URI, Slot(text.where, text.text, container.name, _place_name(text, 0)), None)
    if spot is None:
        part = uri.version or uri.stage or uri.run_id
        at = whole_at if part is not None and (whole_at := uri.text.rfind(part)) >= 0 else None
        spot = _spot(start + at, start + at + len(part), pieces) if part is not None and at is not None else None
    if spot is None:
        return None
    variable, span = spot
    if variable is None or variable == text.variable:
        how = LinkSource.ENV_URI if variable is not None else LinkSource.ARG_URI
        return _link(uri, how, Slot(text.where, text.text, container.name, _place_name(text, span[0])), span)
    holder = container.env[variable]
    slot = Slot(f"{stem}/env/{variable}/value", holder.value or "", container.name, f"{container.name}/env/{holder.name}")
    return _link(uri, LinkSource.ENV_URI if whole or uri.run_id is not None else LinkSource.ENV_PAIR, slot, span)


def _spot(start: int, end: int, pieces: tuple[Piece, ...]) -> tuple[int | None, tuple[int, int]] | None:
    """The one piece that holds these characters of the expanded text: its variable, and where they stand there."""
    position = 0
    for piece in pieces:
        if position <= start and end <= position + len(piece.text):
            moved = piece.offset - position
            return piece.variable, (start + moved, end + moved)
        position += len(piece.text)
    return None


def _place_name(text: _Text, start: int) -> str:
    before = _OF_THE_REFERENCE.sub("", text.text[:start])
    key = _KEY_BEFORE.search(before)
    if key is not None:
        return f"{text.name}/{key[1] or key[2]}"
    if text.variable is not None:
        return text.name
    stem = text.name.rpartition("/")[0]
    told = _FLAG_BEFORE.search(before) or _SET_BEFORE.search(before)
    if told is not None:
        return f"{stem}/{told[1]}"
    return f"{stem}/{text.before}" if not before and text.before.startswith("-") and "=" not in text.before else text.name


def _link(uri: ModelUri, how: LinkSource, slot: Slot, span: tuple[int, int] | None) -> ServingLink:
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
        span=span,
    )


def _pairs(stem: str, container: Container, variables: Variables) -> Iterator[ServingLink]:
    names = {name.upper(): value for _, name, value in _effective_env(container)}
    for at, name, value in _effective_env(container):
        told = _VERSION_NAME.fullmatch(name)
        version = _PLAIN_VERSION.fullmatch(value)
        if told is None or version is None:
            continue
        model = _partner(told.group(1).upper(), names)
        model = "".join(piece.text for piece in expanded(model, variables)) if model else None
        if model and "$(" not in model:
            slot = Slot(f"{stem}/env/{at}/value", value, container.name, f"{container.name}/env/{name}")
            yield ServingLink(model, version.group(1), None, None, LinkSource.ENV_PAIR, slot, container.name, span=version.span(1))


def _partner(prefix: str, names: dict[str, str]) -> str | None:
    return next((names[prefix + partner] for partner in _PARTNERS if names.get(prefix + partner)), None)


def _from_elsewhere(container: Container, links: Collection[ServingLink]) -> Iterator[str]:
    """Variables that by their names say what is served, with values that do not stand here or name no version."""
    names = {name.upper(): value for _, name, value in _effective_env(container)}
    surely = any(link.how is LinkSource.ARG_URI or _SERVING_NAME.fullmatch(_last_name(link)) for link in links)
    for _, variable in _last_of_each_name(container):
        if _another_role(variable.name):
            continue
        serving = _SERVING_NAME.fullmatch(variable.name) is not None
        if variable.value is None and variable.source.startswith("the field "):
            elsewhere = _field_serves(variable.name, names, links)
        else:
            elsewhere = variable.value is None and (serving or (not surely and _MODEL.fullmatch(variable.name) is not None))
        moving = _MOVING_NAME.fullmatch(variable.name)
        if elsewhere:
            yield f"{variable.name} of container {container.name} comes from {variable.source or 'elsewhere'}"
        elif variable.value and moving is not None and _partner(moving.group(1).upper(), names):
            kind = "an alias" if moving.group(2).upper() == "ALIAS" else "a stage"
            yield f"{variable.name} of container {container.name} names {kind} ({variable.value}), not a version"


def _field_serves(name: str, names: dict[str, str], links: Collection[ServingLink]) -> bool:
    """Whether a variable that is told a field of its own pod may say what is served: a whole reference there does. A version does not
    where another place names the model (it is told for the logs), nor alone (a configured label may be read)."""
    version = _VERSION_NAME.fullmatch(name)
    if version is None:
        return _URI_NAME.fullmatch(name) is not None
    model = _partner(version.group(1).upper(), names)
    return bool(links) and model is not None and all(link.model != model for link in links)


def _named_as_served(text: _Text, links: Collection[ServingLink], variables: Variables, container: Container) -> Iterator[str]:
    """A place that by its name says what is served, and holds no reference that can be read: a variable of a whole ConfigMap, an address
    outside of MLflow's."""
    place = f"{text.label} of container {container.name}"
    if text.variable is not None:
        name, value = container.env[text.variable].name, text.text.strip()
        outside = _URI_NAME.fullmatch(name) is not None and not _another_role(name) and _ADDRESS.match(value) is not None
        if outside and not any(link.slot.where == text.where for link in links):
            yield f"{place} names a model outside of MLflow: {value}"
        return
    if _MODEL_FLAG.fullmatch(text.before) and _ADDRESS.match(text.text) and not any(link.slot.where == text.where for link in links):
        yield f"{place} names a model outside of MLflow: {text.text}"
    for read in _VARIABLE.finditer(text.text):
        name = read[1]
        before = text.text[: read.start()]
        flag = found[1] if (found := _FLAG_BEFORE.search(before)) is not None else text.before if not before else ""
        serving = _SERVING_NAME.fullmatch(name) or (_MODEL_FLAG.fullmatch(flag) and _MODEL.fullmatch(name))
        if not serving or _another_role(name) or name in variables.values or any(_last_name(link) == name for link in links):
            continue
        holder = next((one for _, one in _last_of_each_name(container) if one.name == name), None)
        if holder is None:
            source = " or ".join(container.env_from)
            yield f"{place} reads {name}, which {f'may come from {source}' if source else 'is not set there'}"
        elif not _SERVING_NAME.fullmatch(name) and not holder.source.startswith("the field "):  # else it is told by its own name
            yield f"{place} reads {name}, which comes from {holder.source or 'elsewhere'}"


def _last_name(link: ServingLink) -> str:
    return link.slot.name.rpartition("/")[2]


def _not_understood(whole: str, matches: tuple[Match, ...], text: _Text, container: Container) -> Iterator[str]:
    if text.variable is not None and _another_role(container.env[text.variable].name):
        return
    for begun in _BEGUN.finditer(whole):
        if any(start <= begun.start() < end for start, end, _ in matches):
            continue
        place = f"{text.label} of container {container.name}"
        variable = _VARIABLE.search(begun[0])
        if variable is None:
            yield f"{place} names a model in a form that is not understood: {begun[0]}"
            continue
        holder = next((one for _, one in _last_of_each_name(container) if one.name == variable[1]), None)
        why = f"comes from {holder.source or 'elsewhere'}" if holder is not None and holder.value is None else "is not set there"
        yield f"{place} reads {variable[1]}, which {why}"
