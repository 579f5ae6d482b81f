"""Which model a container is to serve, from its environment and arguments, as people really write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class NoTarget(ValueError):
    """The container names no model; says what it could have said."""


def model_uri(environment: Mapping[str, str], arguments: Sequence[str]) -> str:
    """The model's URI, or a local directory: MODEL_URI, `-m URI` of `mlflow models serve`, MODEL_NAME and MODEL_VERSION, MODEL_PATH.

    In this order; empty values count as absent. Raises NoTarget.
    """
    if uri := environment.get("MODEL_URI") or _argument(arguments):
        return uri
    name, version = environment.get("MODEL_NAME"), environment.get("MODEL_VERSION")
    if name and version:
        return f"models:/{name}/{version}"
    if path := environment.get("MODEL_PATH"):
        return path
    raise NoTarget("no model to serve: set MODEL_URI, MODEL_NAME and MODEL_VERSION, or MODEL_PATH, or pass -m URI")


def _argument(arguments: Sequence[str]) -> str | None:
    following = iter(arguments)
    for argument in following:
        if argument in ("-m", "--model-uri"):
            return next(following, None)
        name, equals, value = argument.partition("=")
        if equals and name == "--model-uri":
            return value
    return None
