"""MLflow's own basic auth, as its server really answers: who may do what, and which login it refuses."""

from __future__ import annotations

import argparse
import base64
import importlib.util
import time
from collections.abc import Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from modeldeck.cli.doctor.doctor import doctor
from modeldeck.domain.environments import Environment, MlflowTarget, Secret
from modeldeck.domain.failures import Failure, Forbidden, Unauthorized
from modeldeck.domain.mlflow.registry import ModelAccess, ModelVersion
from modeldeck.sources.mlflow.opening import Mlflow, open_mlflow
from tests.sources.conftest import mlflow_server

pytestmark = pytest.mark.skipif(importlib.util.find_spec("flask_wtf") is None, reason="mlflow[auth] is not installed")

ADMIN = "an-admin-password"
SETTINGS = """[mlflow]
default_permission = {default}
database_uri = sqlite:///{folder}/auth.db
admin_username = admin
authorization_function = tokens:authenticate
"""
# Tokens are for an authorization function to take: MLflow itself brings basic auth only.
TOKENS = """
import base64, json, time
from flask import make_response, request
from werkzeug.datastructures import Authorization
from mlflow.server.auth import authenticate_request_basic_auth

def authenticate():
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme != "Bearer":
        return authenticate_request_basic_auth()
    middle = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    if claims["exp"] <= time.time():
        return make_response("the token has expired", 401)
    return Authorization("basic", {"username": claims["sub"], "password": ""})
"""


@dataclass(frozen=True)
class Guarded:
    """A server that grants `default` to whom nothing else is granted. `version`: of the model `iris`, which the admin made."""

    uri: str
    version: ModelVersion

    def target(self, user: str) -> MlflowTarget:
        return MlflowTarget(self.uri, username=user, password=Secret(_password(user)))

    @asynccontextmanager
    async def of(self, user: str) -> Any:
        mlflow = open_mlflow(self.target(user))
        yield mlflow
        await mlflow.aclose()


def _password(user: str) -> str:
    return ADMIN if user == "admin" else f"the-password-of-{user}"


@pytest.fixture(scope="module", params=["NO_PERMISSIONS", "EDIT"])
def guarded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("mlflow-auth")
    (folder / "auth.ini").write_text(SETTINGS.format(default=request.param, folder=folder))
    (folder / "tokens.py").write_text(TOKENS)
    environ = {
        "MLFLOW_AUTH_CONFIG_PATH": str(folder / "auth.ini"),
        "MLFLOW_AUTH_ADMIN_PASSWORD": ADMIN,
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "for this test only",
    }
    with mlflow_server(folder, ("--app-name", "basic-auth"), environ) as uri, httpx.Client(base_url=uri, auth=("admin", ADMIN)) as admin:

        def post(path: str, body: object, version: str = "2.0") -> Any:
            return admin.post(f"/api/{version}/mlflow/{path}", json=body, timeout=30.0).raise_for_status().json()

        post("registered-models/create", {"name": "iris"})
        run = post("runs/create", {"experiment_id": "0"})["run"]["info"]
        source = {"run_id": run["run_id"], "source": f"{run['artifact_uri']}/model"}
        post("model-versions/create", {"name": "iris", **source})
        for user, permission in (("reader", "READ"), ("editor", "EDIT"), ("manager", "MANAGE"), ("banned", "DENY"), ("stranger", "")):
            post("users/create", {"username": user, "password": _password(user)})
            if permission:
                grant = {"username": user, "resource_type": "registered_model", "resource_id": "iris", "permission": permission}
                post("users/permissions/grant", grant, "3.0")
        yield Guarded(uri, ModelVersion("iris", "1", run["run_id"], "READY", "None", None, source["source"]))


async def done(mlflow: Mlflow) -> bool:
    """Whether an alias may really be moved."""
    try:
        await mlflow.registry.set_alias("iris", "champion", "1")
    except Forbidden:
        return False
    return True


@pytest.mark.parametrize("user", ["reader", "editor", "manager", "banned", "stranger", "admin"])
async def test_what_is_told_beforehand_is_what_the_server_then_does(guarded: Guarded, user: str) -> None:
    async with guarded.of(user) as mlflow:
        access = await mlflow.registry.access_to("iris")
        assert access.may_edit is await done(mlflow)
        assert access.permission


@pytest.mark.parametrize(("user", "mark"), [("reader", "✘"), ("manager", "✔")])
async def test_doctor_tells_whether_aliases_may_be_moved(
    guarded: Guarded, user: str, mark: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    environment = Environment("default", guarded.target(user), None, None, journal=str(tmp_path / "journal.db"))
    await doctor(environment, argparse.Namespace(output="text"))
    if request.node.callspec.params["guarded"] == "EDIT":
        mark = "✔"
    assert f"{mark} permission to move aliases: {'no EDIT' if mark == '✘' else 'EDIT'} on " in capsys.readouterr().out


async def test_a_grant_and_the_default_permission_are_told_as_one(guarded: Guarded, request: pytest.FixtureRequest) -> None:
    default = request.node.callspec.params["guarded"]
    async with guarded.of("reader") as reader, guarded.of("stranger") as stranger, guarded.of("admin") as admin:
        weaker = default if default == "EDIT" else "READ"
        assert await reader.registry.access_to("iris") == ModelAccess(default == "EDIT", weaker)
        assert await stranger.registry.access_to("iris") == ModelAccess(default == "EDIT", default)
        assert await admin.registry.access_to("iris") == ModelAccess(True, "admin")


async def test_an_ordinary_user_registers_to_a_new_model_and_then_manages_it(guarded: Guarded) -> None:
    async with guarded.of("manager") as mlflow:
        made = await mlflow.registry.copy_version(guarded.version, "of-a-manager", {"a": "b"})
        assert (made.model, made.version) == ("of-a-manager", "1")
        assert await mlflow.registry.access_to("of-a-manager") == ModelAccess(True, "MANAGE")
        await mlflow.registry.set_alias("of-a-manager", "champion", "1")
        await mlflow.registry.delete_alias("of-a-manager", "champion")


async def test_what_is_absent_or_not_to_be_read_is_told_as_one_of_both(guarded: Guarded) -> None:
    async with guarded.of("stranger") as stranger, guarded.of("banned") as banned:
        with pytest.raises(Failure, match="absent"):
            await stranger.registry.model("absent")
        with pytest.raises(Forbidden, match="there is no registered model iris, or you lack READ on it"):
            await banned.registry.model("iris")
    async with guarded.of("reader") as reader:
        for ask in (reader.tracking.run("0" * 32), reader.registry.create_version("iris", "0" * 32)):
            with pytest.raises(Failure, match=f"no run {'0' * 32}, or you lack READ|Run with id=.* not found"):
                await ask


def token(user: str, end: float) -> Secret:
    claims = base64.urlsafe_b64encode(msgspec.json.encode({"sub": user, "exp": round(end)})).decode().rstrip("=")
    return Secret(f"e30.{claims}.c2ln")


async def refused(target: MlflowTarget) -> str:
    mlflow = open_mlflow(target)
    with pytest.raises(Unauthorized) as caught:
        await mlflow.registry.registry()
    await mlflow.aclose()
    return caught.value.message


async def test_logins_that_are_refused_are_named(guarded: Guarded) -> None:
    assert await refused(MlflowTarget(guarded.uri)) == "it asks for a login, and none is configured"
    wrong = replace(guarded.target("reader"), password=Secret("another-password"))
    assert await refused(wrong) == "it refuses the password of user reader"
    assert await refused(MlflowTarget(guarded.uri, token=token("reader", time.time() - 60))) == "its token has expired"


async def test_a_token_that_has_not_expired_is_its_users_login(guarded: Guarded) -> None:
    mlflow = open_mlflow(MlflowTarget(guarded.uri, token=token("editor", time.time() + 3600)))
    assert await mlflow.registry.access_to("iris") == ModelAccess(True, "EDIT")
    await mlflow.aclose()
