"""What a 401 of MLflow means, by what was sent: nothing, a user's password, a token, one that has expired."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable

import msgspec

from modeldeck.domain.environments import MlflowTarget
from modeldeck.domain.failures import Failure, Unauthorized

_LONGEST_TOKEN = 20_000


class _Claims(msgspec.Struct):
    exp: float | None = None


def expiry(token: str) -> float | None:
    """Seconds since the epoch at which a JSON Web Token ends; None where it does not say, or is no such token."""
    parts = token.strip().split(".")
    if len(parts) != 3 or len(token) > _LONGEST_TOKEN:
        return None
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)), type=_Claims).exp
    except (msgspec.DecodeError, binascii.Error, ValueError):
        return None


def told_login(failure: Failure, target: MlflowTarget, now: Callable[[], float]) -> Failure:
    """`failure` as it is, unless it is MLflow's 401."""
    if not isinstance(failure, Unauthorized) or failure.status != 401:
        return failure
    message, hint = _words(target, now())
    return Unauthorized(message, hint=hint, backend=failure.backend, status=failure.status)


def _words(target: MlflowTarget, now: float) -> tuple[str, str]:
    if target.token:
        end = expiry(target.token.reveal())
        if end is not None and end <= now:
            return "its token has expired", "get a new one: mlflow.token, mlflow.token_command or MLFLOW_TRACKING_TOKEN"
        return "it refuses the token", "is it one for this server? mlflow.token, or MLFLOW_TRACKING_TOKEN"
    if target.username:
        what = "the password of user" if target.password else "user"
        without = "" if target.password else ", for whom no password is configured"
        return f"it refuses {what} {target.username}{without}", "check MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
    return (
        "it asks for a login, and none is configured",
        "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN",
    )
