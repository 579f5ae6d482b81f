"""A registry that is remembered: what its aliases point at is compared with the last reading, whenever anybody reads all of it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence

from modeldeck.domain.failures import Failure
from modeldeck.domain.mlflow.alias_changes import AliasSnapshot, pointers_of
from modeldeck.domain.mlflow.registry import Followed, ModelAccess, ModelVersion, RegisteredModel, Registry
from modeldeck.operations.history.sightings import REFRESH
from modeldeck.ports import Clock, ModelRegistry, Sightings

_PATIENCE = 0.2
# Seconds that a reader waits for its reading to be kept: another process may be writing.


class RememberingRegistry:
    """The port `ModelRegistry` before another one."""

    def __init__(self, inner: ModelRegistry, sightings: Sightings, name: str, clock: Clock) -> None:
        """`name` tells addresses apart (`registry_id`): what is remembered is joined by that and the registry's own identity."""
        self._inner = inner
        self._sightings = sightings
        self._name = name
        self._clock = clock
        self._last: AliasSnapshot | None = None
        self._kept_at: float | None = None
        """When, by the monotonic clock, it was last written down."""
        self._keeping: asyncio.Task[None] | None = None
        self._identity: str | None = None

    async def identity(self) -> str:
        """Its address and what tells it from another one there, as a digest. Asked once."""
        if self._identity is None:
            own = await self._inner.identity()
            self._identity = f"{self._name}-{hashlib.sha256(own.encode()).hexdigest()[:12]}" if own else self._name
        return self._identity

    async def registry(self) -> Registry:
        """As the inner one. That the reading could not be kept, or not at once, is no reason not to have it."""
        began = self._clock.now()
        found = await self._inner.registry()
        await self._remember(found, began)
        return found

    async def follow(self, aliases: Sequence[tuple[str, str]] = (), *, whole: bool = False) -> Followed:
        """As the inner one. Only where every alias was read: of the others nobody knows when they were as they are."""
        began = self._clock.now()
        found = await self._inner.follow(aliases, whole=whole)
        if found.aliases_read:
            await self._remember(found.registry, began - found.age)
        return found

    async def _remember(self, found: Registry, began: float) -> None:
        glance = AliasSnapshot(pointers_of(found.models), began, self._clock.now())
        if self._keeping is None or self._keeping.done():
            self._keeping = asyncio.create_task(self._keep(glance))
        await asyncio.wait({self._keeping}, timeout=_PATIENCE)

    async def aclose(self) -> None:
        """What is being written is written; the inner one has an end of its own."""
        if self._keeping is not None:
            await asyncio.wait({self._keeping})
        self._sightings.close()

    async def _keep(self, glance: AliasSnapshot) -> None:
        last, now = self._last, self._clock.monotonic()
        same = last is not None and last.pointers == glance.pointers
        if same and self._kept_at is not None and now - self._kept_at < REFRESH:
            self._last = glance
            return
        try:
            # Another thread: the disk may be slow.
            settled = await asyncio.to_thread(self._sightings.see, await self.identity(), glance, last)
        except Failure:
            return  # `modeldeck history` says that the journal cannot be written; the next reading tries again
        if settled:
            self._last, self._kept_at = glance, now

    async def model(self, name: str) -> RegisteredModel:
        return await self._inner.model(name)

    async def version(self, model: str, version: str) -> ModelVersion:
        return await self._inner.version(model, version)

    async def version_of_alias(self, model: str, alias: str) -> str | None:
        return await self._inner.version_of_alias(model, alias)

    async def artifacts_answer(self, model: str, version: str) -> str:
        return await self._inner.artifacts_answer(model, version)

    async def access_to(self, model: str) -> ModelAccess:
        return await self._inner.access_to(model)

    async def set_alias(self, model: str, alias: str, version: str) -> None:
        await self._inner.set_alias(model, alias, version)

    async def delete_alias(self, model: str, alias: str) -> None:
        await self._inner.delete_alias(model, alias)

    async def tag_version(self, model: str, version: str, tags: Mapping[str, str]) -> None:
        await self._inner.tag_version(model, version, tags)

    async def tag_model(self, model: str, key: str, value: str) -> None:
        await self._inner.tag_model(model, key, value)

    async def untag_model(self, model: str, key: str) -> None:
        await self._inner.untag_model(model, key)

    async def create_version(self, model: str, run_id: str, *, description: str = "") -> ModelVersion:
        return await self._inner.create_version(model, run_id, description=description)

    async def copy_version(self, version: ModelVersion, to_model: str, tags: Mapping[str, str]) -> ModelVersion:
        return await self._inner.copy_version(version, to_model, tags)
