"""MLflow's registry half over its documented REST API."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlsplit

from modeldeck.domain.failures import Forbidden, NotFound, Rejected
from modeldeck.domain.mlflow.registry import OWN_TAGS, Followed, ModelAccess, ModelVersion, RegisteredModel, Registry
from modeldeck.sources.common.edge import raises_failures
from modeldeck.sources.common.shared_answers import Rounds, Shared
from modeldeck.sources.http.transport import Params, Transport
from modeldeck.sources.mlflow import wire as wire
from modeldeck.sources.mlflow.following import RegistryFollower, joined
from modeldeck.sources.mlflow.rest import API, list_artifacts, run_entry, store_identity
from modeldeck.sources.mlflow.rest_pages import RestPages
from modeldeck.sources.mlflow.rules import (
    BACKEND,
    MODEL_FILE,
    LoggedModelChoice,
    chosen_model,
    file_answer,
    folders_to_try,
    needing,
    no_model,
    refuse_nul,
    refuse_prompt,
)


@raises_failures(BACKEND)
class RestRegistry:
    """`modeldeck.ports.ModelRegistry` over REST."""

    def __init__(self, transport: Transport, shared: Shared | None = None) -> None:
        """`shared`: with whom its readings are one, as long as it is only followed."""
        self._transport = transport
        self._pages = RestPages(transport)
        self._follower = RegistryFollower(RestPages(transport, Rounds(shared)))

    async def registry(self) -> Registry:
        return joined(*await asyncio.gather(self._pages.all_models(), self._pages.all_versions()))

    async def follow(self, aliases: Sequence[tuple[str, str]] = (), *, whole: bool = False) -> Followed:
        return await self._follower.follow(aliases, whole=whole)

    async def model(self, name: str) -> RegisteredModel:
        try:
            body = await self._transport.get(f"{API}/registered-models/get", params={"name": name})
        except Forbidden as failure:  # what basic auth says of a name that does not exist, too
            message = f"{failure.message}: there is no registered model {name}, or you lack READ on it"
            raise Forbidden(message, backend=failure.backend, status=failure.status) from None
        return wire.model_of(self._transport.decode(body, wire.ModelAnswer).registered_model)

    async def version(self, model: str, version: str) -> ModelVersion:
        body, owner = await asyncio.gather(
            self._transport.get(f"{API}/model-versions/get", params={"name": model, "version": version}), self.model(model)
        )
        return wire.version_of(self._transport.decode(body, wire.VersionAnswer).model_version, owner.aliases)

    async def identity(self) -> str:
        return await store_identity(self._transport)

    async def version_of_alias(self, model: str, alias: str) -> str | None:
        # MLflow answers 400 for a missing alias, as it does for a wrong name: the model's own map tells them apart.
        return (await self.model(model)).aliases.get(alias)

    async def artifacts_answer(self, model: str, version: str) -> str:
        params: Params = {"name": model, "version": version}
        body = await self._transport.get(f"{API}/model-versions/get-download-uri", params=params)
        location = self._transport.decode(body, wire.LocationAnswer).artifact_uri
        if urlsplit(location).scheme == "mlflow-artifacts":
            folder = quote(urlsplit(location).path.strip("/"))
            text = await self._transport.get(f"/api/2.0/mlflow-artifacts/artifacts/{folder}/{MODEL_FILE}")
        else:
            # The server reads an object store with its own credentials, which we need not have.
            text = await self._transport.get("/model-versions/get-artifact", params={**params, "path": MODEL_FILE})
        return file_answer(text.decode("utf-8", "replace"), f"{location}/{MODEL_FILE}")

    async def access_to(self, model: str) -> ModelAccess:
        # `users/current/permissions` lists grants only: what they come to with the server's default permission it does not tell.
        try:
            user = self._transport.decode(await self._transport.get(f"{API}/users/current"), wire.CurrentUserAnswer).user
            if user.is_admin:
                return ModelAccess(True, "admin")
            params: Params = {"username": user.username, "resource_type": "registered_model", "resource_id": model}
            body = await self._transport.get("/api/3.0/mlflow/users/permissions/get", params=params)
        except (NotFound, Rejected):  # without basic auth, or an MLflow that does not tell
            return ModelAccess(None)
        return wire.access_of(self._transport.decode(body, wire.PermissionAnswer))

    async def set_alias(self, model: str, alias: str, version: str) -> None:
        with needing("EDIT", model):
            await self._transport.post(f"{API}/registered-models/alias", {"name": model, "alias": alias, "version": version})

    async def delete_alias(self, model: str, alias: str) -> None:
        with needing("MANAGE", model):
            await self._transport.delete(f"{API}/registered-models/alias", {"name": model, "alias": alias})

    async def tag_version(self, model: str, version: str, tags: Mapping[str, str]) -> None:
        refuse_nul(*tags, *tags.values())
        with needing("EDIT", model):
            for key, value in tags.items():
                tag = {"name": model, "version": version, "key": key, "value": value}
                await self._transport.post(f"{API}/model-versions/set-tag", tag)

    async def tag_model(self, model: str, key: str, value: str) -> None:
        refuse_nul(key, value)
        with needing("EDIT", model):
            await self._transport.post(f"{API}/registered-models/set-tag", {"name": model, "key": key, "value": value})

    async def untag_model(self, model: str, key: str) -> None:
        with needing("EDIT", model):
            await self._transport.delete(f"{API}/registered-models/delete-tag", {"name": model, "key": key})

    async def create_version(self, model: str, run_id: str, *, description: str = "") -> ModelVersion:
        refuse_nul(model, description)
        source = await self._source_of(run_id)
        await self._ensure_model(model)
        body: dict[str, object] = {"name": model, "run_id": run_id, **source}
        if description:
            body["description"] = description
        with needing("EDIT", model):
            answer = await self._transport.post(f"{API}/model-versions/create", body)
        return wire.version_of(self._transport.decode(answer, wire.VersionAnswer).model_version, {})

    async def copy_version(self, version: ModelVersion, to_model: str, tags: Mapping[str, str]) -> ModelVersion:
        refuse_nul(to_model, *tags, *tags.values())
        await self._ensure_model(to_model)
        kept = {key: value for key, value in version.tags.items() if not key.startswith(OWN_TAGS)}
        body: dict[str, object] = {
            "name": to_model,
            "source": version.uri,
            "tags": [{"key": key, "value": value} for key, value in {**kept, **tags}.items()],
        }
        body |= {"run_id": version.run_id} if version.run_id else {}
        body |= {"description": version.description} if version.description else {}
        with needing("EDIT", to_model):
            answer = await self._transport.post(f"{API}/model-versions/create", body)
        return wire.version_of(self._transport.decode(answer, wire.VersionAnswer).model_version, {})

    async def _ensure_model(self, model: str) -> None:
        """Under basic auth an ordinary user is told 403 of a model that does not exist, and may make it."""
        try:
            found = await self.model(model)
        except (NotFound, Forbidden):
            try:
                await self._transport.post(f"{API}/registered-models/create", {"name": model})
                return
            except Rejected:
                found = await self.model(model)  # somebody was faster; anything else is told by this
        refuse_prompt(found)

    async def _source_of(self, run_id: str) -> Mapping[str, str]:
        """`source` and `model_id` of the model that a run logged: an MLflow 3 logged model, else a folder with an MLmodel file."""
        entry = await run_entry(self._transport, run_id)
        outputs = (entry.outputs and entry.outputs.model_outputs) or ()
        chosen = chosen_model(await self._logged_models(entry, {output.model_id: wire.whole(output.step) for output in outputs}))
        if chosen is not None:
            return {"source": f"models:/{chosen.model_id}", "model_id": chosen.model_id}
        top = await list_artifacts(self._transport, run_id)
        for folder in folders_to_try([artifact.path for artifact in top if artifact.is_dir]):
            files = await list_artifacts(self._transport, run_id, folder)
            if any(file.path.rpartition("/")[2] == MODEL_FILE for file in files):
                return {"source": f"{(entry.info.artifact_uri or '').rstrip('/')}/{folder}"}
        raise no_model(run_id)

    async def _logged_models(self, entry: wire.RunEntry, steps: Mapping[str, int]) -> tuple[LoggedModelChoice, ...]:
        body = {"experiment_ids": [entry.info.experiment_id], "filter": f"source_run_id = '{entry.info.run_id}'", "max_results": 50}
        try:
            answer = await self._transport.post(f"{API}/logged-models/search", body, safe=True)
        except NotFound:  # MLflow 2 knows no logged models
            return ()
        return tuple(
            LoggedModelChoice(info.model_id, info.name, steps.get(info.model_id, -1), wire.seconds(info.creation_timestamp_ms) or 0.0)
            for info in (model.info for model in self._transport.decode(answer, wire.LoggedModelsAnswer).models or ())
            if info.status in ("LOGGED_MODEL_READY", 2, "")
        )
