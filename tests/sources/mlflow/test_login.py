"""What a refused login means, by what was sent."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from modeldeck.domain.environments import MlflowTarget, Secret
from modeldeck.domain.failures import Forbidden, Unauthorized
from modeldeck.sources.mlflow.login import expiry, told_login
from modeldeck.sources.mlflow.opening import open_mlflow
from tests.support.canned import always, canned, response


def token(claims: bytes) -> Secret:
    return Secret("e30." + base64.urlsafe_b64encode(claims).decode().rstrip("=") + ".c2ln")


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (MlflowTarget(""), "it asks for a login, and none is configured"),
        (MlflowTarget("", username="ann", password=Secret("x")), "it refuses the password of user ann"),
        (MlflowTarget("", username="ann"), "it refuses user ann, for whom no password is configured"),
        (MlflowTarget("", token=Secret("opaque")), "it refuses the token"),
        (MlflowTarget("", token=token(b'{"exp": 99999999999}')), "it refuses the token"),
        (MlflowTarget("", token=token(b'{"exp": 1700000000}')), "its token has expired"),
    ],
)
async def test_a_refused_login_says_which_one(target: MlflowTarget, message: str) -> None:
    body = response(b"You are not authenticated.", "401 UNAUTHORIZED", "Content-Type: text/html")
    async with canned(always(body)) as server:
        mlflow = open_mlflow(replace(target, uri=server.url))
        with pytest.raises(Unauthorized) as caught:
            await mlflow.tracking.ping()
        await mlflow.aclose()
    assert caught.value.message == message
    assert caught.value.hint


@pytest.mark.parametrize("text", ["", "a.b.c", "a.!!!.c", "e30.e30.e30", "." * 3, "x" * 50_000, "e30." + "A" * 30_000 + ".x"])
def test_what_is_no_token_with_an_end_has_none(text: str) -> None:
    assert expiry(text) is None


def test_a_token_tells_when_it_ends() -> None:
    text = token(b'{"exp": 1000.5}').reveal()
    assert expiry(text) == expiry(f" {text}\n") == 1000.5


def test_what_is_no_401_of_mlflow_is_left_as_it_is() -> None:
    for failure in (Forbidden("no", status=403), Unauthorized("no", status=407)):
        assert told_login(failure, MlflowTarget("http://x"), lambda: 0.0) is failure
