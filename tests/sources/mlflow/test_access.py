"""Who may do what: a refusal that may mean absent, permissions where MLflow tells them, and prompts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from modeldeck.domain.environments import MlflowTarget
from modeldeck.domain.failures import Failure, Forbidden, Rejected
from modeldeck.domain.mlflow.registry import ModelAccess, ModelVersion
from modeldeck.sources.mlflow.opening import Mlflow, open_mlflow
from tests.support.canned import Canned, always, canned, response

DENIED = response(b"Permission denied", "403 Forbidden", "Content-Type: text/plain")
VERSION = ModelVersion("iris", "1", "r", "READY", "None", None, "s3://b/x")
MADE = response(b'{"model_version": {"name": "new", "version": "1"}}')


async def copying(answers: Mapping[str, bytes], name: str = "new") -> tuple[ModelVersion | Failure, list[str]]:
    """`answers`: by the end of the path. What came of it, and what was asked."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        path = server.requests[-1].split(b" ", 2)[1].decode().partition("?")[0]
        writer.write(next(answer for end, answer in answers.items() if path.endswith(end)))

    async with canned(talk) as server:
        mlflow = opened(server)
        try:
            made: ModelVersion | Failure = await mlflow.registry.copy_version(VERSION, name, {})
        except Failure as failure:
            made = failure
        await mlflow.aclose()
    return made, [request.split(b" ", 2)[1].decode().partition("?")[0].rpartition("mlflow/")[2] for request in server.requests]


async def test_a_model_that_is_forbidden_may_be_absent_and_is_made() -> None:
    made, asked = await copying(
        {"registered-models/get": DENIED, "registered-models/create": response(b"{}"), "model-versions/create": MADE}
    )
    assert isinstance(made, ModelVersion)
    assert asked == ["registered-models/get", "registered-models/create", "model-versions/create"]


async def test_a_model_of_somebody_else_is_told_with_what_it_needs() -> None:
    there = response(b'{"error_code": "RESOURCE_ALREADY_EXISTS", "message": "it exists"}', "400 Bad Request")
    made, _ = await copying({"registered-models/get": DENIED, "registered-models/create": there})
    assert isinstance(made, Forbidden)
    assert made.message == "Permission denied: there is no registered model new, or you lack READ on it"
    seen = response(b'{"registered_model": {"name": "new"}}')
    made, _ = await copying({"registered-models/get": seen, "model-versions/create": DENIED})
    assert isinstance(made, Forbidden)
    assert made.message == "Permission denied: this needs EDIT on the registered model new"


async def test_nothing_is_registered_into_a_prompts_name() -> None:
    prompt = response(b'{"registered_model": {"name": "new", "tags": [{"key": "mlflow.prompt.is_prompt", "value": "true"}]}}')
    made, asked = await copying({"registered-models/get": prompt, "model-versions/create": MADE})
    assert isinstance(made, Rejected)
    assert made.message == "new is a prompt, no registered model"
    assert asked == ["registered-models/get"]


@pytest.mark.parametrize(
    ("write", "permission"),
    [("set_alias", "EDIT"), ("delete_alias", "MANAGE"), ("tag_version", "EDIT"), ("tag_model", "EDIT"), ("untag_model", "EDIT")],
)
async def test_a_refused_write_names_the_permission_and_the_model(write: str, permission: str) -> None:
    async with canned(always(DENIED)) as server:
        registry = open_mlflow(MlflowTarget(server.url)).registry
        calls = {
            "set_alias": lambda: registry.set_alias("iris", "champion", "1"),
            "delete_alias": lambda: registry.delete_alias("iris", "champion"),
            "tag_model": lambda: registry.tag_model("iris", "a", "b"),
            "untag_model": lambda: registry.untag_model("iris", "a"),
            "tag_version": lambda: registry.tag_version("iris", "1", {"a": "b"}),
        }
        with pytest.raises(Forbidden, match=f"needs {permission} on the registered model iris"):
            await calls[write]()


async def test_a_permission_that_is_not_known_here_is_neither_yes_nor_no() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        user = b'{"user": {"id": 2, "is_admin": false, "username": "ann"}}'
        writer.write(response(user if b"users/current" in server.requests[-1] else b'{"allowed": true, "permission": "NEW_KIND"}'))

    async with canned(talk) as server:
        assert await opened(server).registry.access_to("iris") == ModelAccess(None, "NEW_KIND")


@pytest.mark.parametrize("status", ["404 Not Found", "405 Method Not Allowed"])
async def test_a_server_that_tells_no_permissions(status: str) -> None:
    async with canned(always(response(b"<html>", status))) as server:
        assert await opened(server).registry.access_to("iris") == ModelAccess(None)


def opened(server: Canned) -> Mlflow:
    return open_mlflow(MlflowTarget(server.url))
