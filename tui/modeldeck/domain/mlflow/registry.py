"""Registered models, their versions and aliases. A version is its number as text ("7"), as MLflow's API writes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from modeldeck.domain.numerals import whole

CHAMPION = "champion"
"""The alias that a promotion moves, unless it is told another one."""


@dataclass(frozen=True, slots=True)
class RegisteredModel:
    name: str
    aliases: Mapping[str, str] = field(default_factory=dict)
    """alias → version number. The only trustworthy source of aliases: version searches answer without them."""
    description: str = ""
    updated_at: float | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    created_at: float | None = None
    """Tells it from an earlier model of the same name."""


@dataclass(frozen=True, slots=True)
class ModelVersion:
    model: str
    version: str
    run_id: str | None
    status: str
    """READY, PENDING_REGISTRATION or FAILED_REGISTRATION."""
    stage: str
    """The deprecated stage, "None" where there is none."""
    created_at: float | None
    source: str
    """The artifact location it was registered from: may be `models:/m-<logged model id>`, `runs:/…` or a storage URI."""
    status_message: str = ""
    description: str = ""
    user: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    """Joined from the registered model, sorted."""

    @property
    def uri(self) -> str:
        """What a copy of it has as its source."""
        return f"models:/{self.model}/{self.version}"

    @property
    def number(self) -> int:
        """For sorting: versions are numbers in open-source MLflow; others sort first."""
        number = whole(self.version)
        return -1 if number is None else number


@dataclass(frozen=True, slots=True)
class Registry:
    """Everything of the registry that the deck joins: models by name with aliases, versions by model, newest first."""

    models: tuple[RegisteredModel, ...]
    versions: tuple[ModelVersion, ...]

    def model(self, name: str) -> RegisteredModel | None:
        return next((m for m in self.models if m.name == name), None)

    def of(self, model: str) -> tuple[ModelVersion, ...]:
        return tuple(v for v in self.versions if v.model == model)

    def next_version(self, model: str) -> str:
        """The number that MLflow gives the next version of a model."""
        return str(1 + max((version.number for version in self.of(model)), default=0))

    def version(self, model: str, version: str) -> ModelVersion | None:
        return next((v for v in self.versions if v.model == model and v.version == version), None)


@dataclass(frozen=True, slots=True)
class Followed:
    """What a reader who keeps up with a registry knows of it now. The same `registry` object where nothing changed."""

    registry: Registry
    aliases_read: bool
    """Whether every alias was read anew; else they are as of the last such reading."""
    pause: float
    """Seconds after which it may be asked again without being a burden."""
    age: float = 0.0
    """Seconds by which it is older than the question: another console of this user had just asked."""


@dataclass(frozen=True, slots=True)
class ModelAccess:
    """Whether the operator may change a registered model (move its aliases, tag its versions, add to them). None: not known."""

    may_edit: bool | None
    permission: str = ""
    """MLflow's own word for what is granted: READ, USE, EDIT, MANAGE, NO_PERMISSIONS, DENY; "admin"; "" where it does not tell."""


OWN_TAGS = "modeldeck."
"""Begins every tag that operations write: they tell of one version, so that a copy does not have them."""
