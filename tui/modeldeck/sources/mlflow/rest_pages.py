"""What a registry is read from over REST: lists of models and versions, page by page."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from modeldeck.domain.mlflow.registry import ModelVersion, RegisteredModel
from modeldeck.sources.common.bounds import PageTokens
from modeldeck.sources.common.shared_answers import Rounds
from modeldeck.sources.http.transport import Params, Transport
from modeldeck.sources.mlflow import wire as wire
from modeldeck.sources.mlflow.following import PAGES, Offered
from modeldeck.sources.mlflow.pages import PageSize
from modeldeck.sources.mlflow.rest import API
from modeldeck.sources.mlflow.rules import BACKEND, quoted

VERSIONS_PAGE = 2_500
"""Of a server on a busy machine: some 0.3 s of its time, so that neither its other users nor the answer wait for long."""
MODELS_PAGE = 1_000
_MODELS, _VERSIONS, _ALIAS = "registered-models/search", "model-versions/search", "registered-models/alias"
_NEWEST: Params = {"order_by": "last_updated_timestamp DESC"}


class RestPages:
    """`modeldeck.sources.mlflow.following.RegistryPages`."""

    def __init__(self, transport: Transport, rounds: Rounds | None = None) -> None:
        """`rounds`: what other consoles were answered is taken as well."""
        self._transport = transport
        self._rounds = rounds or Rounds(None)
        self._model_pages, self._version_pages = PageSize(), PageSize()

    async def begin(self, *, alone: bool = False) -> None:
        await self._rounds.begin(alone=alone)

    def end(self) -> float:
        return self._rounds.end()

    def offered(self) -> Offered:
        models = self._rounds.offered(_question(_MODELS, {}, MODELS_PAGE))
        if models and self._rounds.offered(_question(_VERSIONS, {}, VERSIONS_PAGE)):
            return Offered.EVERYTHING
        newest = self._rounds.offered(_question(_MODELS, _NEWEST, PAGES[0]))
        return Offered.MODELS if models else Offered.NEWEST_MODELS if newest else Offered.NOTHING

    def offered_alias(self, model: str, alias: str) -> bool:
        return self._rounds.offered(_question(_ALIAS, {"name": model, "alias": alias}))

    async def all_models(self) -> tuple[RegisteredModel, ...]:
        tokens, found = PageTokens(BACKEND), dict[str, RegisteredModel]()
        token: str | None = ""
        while token is not None:
            answer = await self._models(MODELS_PAGE, {"page_token": token} if token else {})
            fresh = [wire.model_of(entry) for entry in answer.registered_models or () if entry.name not in found]
            found |= {model.name: model for model in fresh}
            token = tokens.following(answer.next_page_token) if fresh else None
        return tuple(found.values())

    async def all_versions(self) -> tuple[ModelVersion, ...]:
        return await self._every_version({})

    async def newest_models(self, count: int) -> tuple[RegisteredModel, ...]:
        answer = await self._models(count, _NEWEST)
        return tuple(wire.model_of(entry) for entry in answer.registered_models or ())

    async def newest_versions(self, count: int) -> tuple[ModelVersion, ...]:
        answer = await self._versions(count, _NEWEST)
        return tuple(wire.version_of(entry, {}) for entry in answer.model_versions or ())

    async def versions_of(self, model: str) -> Sequence[ModelVersion]:
        return await self._every_version({"filter": f"name = {quoted(model)}"})

    async def alias_target(self, model: str, alias: str) -> str:
        body = await self._get(_ALIAS, {"name": model, "alias": alias})
        return str(self._transport.decode(body, wire.VersionAnswer).model_version.version)

    async def _every_version(self, given: Params) -> tuple[ModelVersion, ...]:
        tokens, found = PageTokens(BACKEND), dict[tuple[str, str], ModelVersion]()
        token: str | None = ""
        while token is not None:
            answer = await self._versions(VERSIONS_PAGE, {**given, **({"page_token": token} if token else {})})
            known = len(found)
            found |= {(entry.name, str(entry.version)): wire.version_of(entry, {}) for entry in answer.model_versions or ()}
            token = tokens.following(answer.next_page_token) if len(found) > known else None
        return tuple(found.values())

    async def _models(self, count: int, params: Params) -> wire.ModelsAnswer:
        body = await self._model_pages.ask(count, functools.partial(self._get, _MODELS, params))
        return self._transport.decode(body, wire.ModelsAnswer)

    async def _versions(self, count: int, params: Params) -> wire.VersionsAnswer:
        body = await self._version_pages.ask(count, functools.partial(self._get, _VERSIONS, params))
        return self._transport.decode(body, wire.VersionsAnswer)

    async def _get(self, path: str, params: Params, size: int | None = None) -> bytes:
        sized: Params = params if size is None else {**params, "max_results": size}
        return await self._rounds.ask(_question(path, params, size), functools.partial(self._transport.get, f"{API}/{path}", params=sized))


def _question(path: str, params: Params, size: int | None = None) -> str:
    return repr((path, sorted(params.items()), size))
