"""Serving links: which model version a pod template says it serves, how that was found, and where."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

MODEL_ANNOTATION = "modeldeck.dev/model"
VERSION_ANNOTATION = "modeldeck.dev/version"
RUN_ID_ANNOTATION = "modeldeck.dev/run-id"
LINK_ANNOTATION = "modeldeck.dev/link"
"""On the Deployment: which of several places of its template says what is served, as `Slot.name` has them, separated by commas. The
beginning of a name is enough: `server` means all of that container."""
ANNOTATION_KEYS = (MODEL_ANNOTATION, VERSION_ANNOTATION, RUN_ID_ANNOTATION)
"""What promotions write on the pod template, so that an undo of any kind restores identity too."""


class LinkSource(StrEnum):
    """How a link was found, in the order of trust in which it is looked for."""

    ANNOTATION = "annotation"
    ENV_URI = "env-uri"
    ARG_URI = "arg-uri"
    ENV_PAIR = "env-pair"
    IMAGE = "image"
    LABEL = "label"


@dataclass(frozen=True, slots=True)
class Slot:
    """The place in the pod template that a promotion edits, as a JSON pointer below the Deployment (`/spec/template/…`)."""

    where: str
    text: str
    """The whole present text of that place, e.g. `models:/iris/3`."""
    container: str | None = None
    name: str = ""
    """The place as a person names it to say that it serves: `server/env/MODEL_URI`, `server/args/-m`."""


@dataclass(frozen=True, slots=True)
class ServingLink:
    """What a template claims to serve: one of `version`, `alias`, `stage`, `run_id` or `model_id` is the reference in the slot.

    `model` and `version` are also set where agreeing annotations of an earlier promotion name them beside the slot: for an alias
    that is the version at that time, which says nothing about pods that started later.
    """

    model: str | None
    """None where only a run is named; the registry then tells which version came from that run."""
    version: str | None
    alias: str | None
    run_id: str | None
    how: LinkSource
    slot: Slot
    container: str | None
    annotated: bool = False
    """Whether `modeldeck.dev/*` annotations stand beside the slot and agree with it."""
    stage: str | None = None
    """A deprecated registry stage ("Production"), or `latest`."""
    model_id: str | None = None
    """A logged model (`m-…`); the registry then tells which version has it as its source."""
    span: tuple[int, int] | None = None
    """Which characters of the slot's text are the reference (a whole model URI, or the version); None: all of it."""
    annotations: tuple[tuple[str, str], ...] = ()
    """The `modeldeck.dev/*` annotations of the template as they stand, agreeing or not: key → text, for edits and their undo."""
    also: tuple[ServingLink, ...] = ()
    """The same reference in further places, which are edited together with this one."""
    certain: bool = True
    """Whether this reference, and no other of the template, surely says what is served."""

    @property
    def text(self) -> str:
        """The reference as a person reads it: `models:/iris/3`, or `iris 3` for a name and a version."""
        start, end = self.span or (0, len(self.slot.text))
        found = self.slot.text[start:end]
        return found if self.model is None or self.model in found else f"{self.model} {found}"

    @property
    def places(self) -> tuple[str, ...]:
        """The names of all places that hold the reference."""
        return tuple(one.slot.name for one in (self, *self.also))


@dataclass(frozen=True, slots=True)
class LinkPatterns:
    """Configured patterns for links that cannot be recognised by themselves.

    `images`: `registry/iris:{version}` or `registry/{model}:{version}`; `labels`: label key → model name, where `{other-label}` as the
    name takes it from that label.
    """

    images: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    deployments: tuple[tuple[str, str], ...] = ()
    """`namespace/name` → the place that serves, as LINK_ANNOTATION has it, where several references stand in one template."""
    versions: tuple[tuple[str, str], ...] = ()
    """Metrics that state the registered version of a model, and the label that holds it: `svc_model_info` → `version`."""
