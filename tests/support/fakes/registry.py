"""A registry in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from modeldeck.domain.failures import NotFound
from modeldeck.domain.mlflow.registry import Followed, ModelAccess, ModelVersion, RegisteredModel, Registry
from tests.support.fakes.traps import Traps


class FakeRegistry:
    def __init__(self, traps: Traps) -> None:
        self.traps = traps
        self.access = ModelAccess(None)
        self.versions: dict[tuple[str, str], ModelVersion] = {}
        self.aliases: dict[str, dict[str, str]] = {}
        self.tags: dict[str, dict[str, str]] = {}
        """Of the registered models."""
        self.gone: set[tuple[str, str]] = set()
        self.id = ""

    def add(self, model: str, *numbers: str, status: str = "READY") -> None:
        self.aliases.setdefault(model, {})
        for number in numbers:
            self.versions[model, number] = ModelVersion(
                model, number, f"{int(number):032x}", status, "None", 1.0, f"models:/m-{int(number):032x}"
            )

    async def registry(self) -> Registry:
        trap = self.traps.enter("registry")
        models = tuple(RegisteredModel(name, dict(aliases), tags=dict(self.tags.get(name, {}))) for name, aliases in self.aliases.items())
        versions = tuple(sorted(self.versions.values(), key=lambda version: -version.number))
        self.traps.leave(trap)
        return Registry(models, versions)

    async def follow(self, aliases: Sequence[tuple[str, str]] = (), *, whole: bool = False) -> Followed:
        return Followed(await self.registry(), aliases_read=True, pause=0.0)

    async def model(self, name: str) -> RegisteredModel:
        self.traps.enter("model")
        if name not in self.aliases:
            raise NotFound(f"no model {name}", backend="MLflow")
        return RegisteredModel(name, dict(self.aliases[name]), tags=dict(self.tags.get(name, {})))

    async def version(self, model: str, version: str) -> ModelVersion:
        self.traps.enter("version")
        if (model, version) not in self.versions:
            raise NotFound(f"no version {version} of {model}", backend="MLflow")
        return self.versions[model, version]

    async def identity(self) -> str:
        return self.id

    async def version_of_alias(self, model: str, alias: str) -> str | None:
        self.traps.enter("version_of_alias")
        return self.aliases[model].get(alias)

    async def artifacts_answer(self, model: str, version: str) -> str:
        self.traps.enter("artifacts_answer")
        if (model, version) in self.gone:
            raise NotFound("no MLmodel file", backend="MLflow")
        return "MLmodel found"

    async def access_to(self, model: str) -> ModelAccess:
        return self.access

    async def set_alias(self, model: str, alias: str, version: str) -> None:
        trap = self.traps.enter("set_alias")
        self.aliases[model][alias] = version
        self.traps.leave(trap)

    async def delete_alias(self, model: str, alias: str) -> None:
        trap = self.traps.enter("delete_alias")
        self.aliases[model].pop(alias, None)
        self.traps.leave(trap)

    async def tag_version(self, model: str, version: str, tags: Mapping[str, str]) -> None:
        trap = self.traps.enter("tag_version")
        known = self.versions[model, version]
        self.versions[model, version] = replace(known, tags={**known.tags, **tags})
        self.traps.leave(trap)

    async def tag_model(self, model: str, key: str, value: str) -> None:
        trap = self.traps.enter("tag_model")
        self._tags_of(model)[key] = value
        self.traps.leave(trap)

    async def untag_model(self, model: str, key: str) -> None:
        trap = self.traps.enter("untag_model")
        self._tags_of(model).pop(key, None)
        self.traps.leave(trap)

    def _tags_of(self, model: str) -> dict[str, str]:
        if model not in self.aliases:
            raise NotFound(f"no model {model}", backend="MLflow")
        return self.tags.setdefault(model, {})

    async def create_version(self, model: str, run_id: str, *, description: str = "") -> ModelVersion:
        self.traps.enter("create_version")
        self.aliases.setdefault(model, {})
        number = str(1 + max((version.number for version in self.versions.values() if version.model == model), default=0))
        made = ModelVersion(model, number, run_id, "READY", "None", 1.0, f"runs:/{run_id}/model", description=description)
        self.versions[model, number] = made
        return made

    async def copy_version(self, version: ModelVersion, to_model: str, tags: Mapping[str, str]) -> ModelVersion:
        trap = self.traps.enter("copy_version")
        self.aliases.setdefault(to_model, {})
        number = str(1 + max((known.number for known in self.versions.values() if known.model == to_model), default=0))
        made = replace(version, model=to_model, version=number, source=version.uri, tags=dict(tags), aliases=())
        self.versions[to_model, number] = made
        self.traps.leave(trap)
        return made
