"""An environment as one process hands it to another through a pipe: secrets included, so that both mean the same backends.

Only for a pipe between two processes of one user: never written anywhere. Gates are not a part of it: they stand in the plan.
"""

from __future__ import annotations

from typing import Any

import msgspec

from modeldeck.domain.environments import ClusterTarget, Environment, HttpTarget, MlflowTarget, PrometheusTarget, Secret
from modeldeck.domain.links.links import LinkPatterns


class _Handed(msgspec.Struct):
    name: str
    mlflow: MlflowTarget | None
    cluster: ClusterTarget | None
    prometheus: PrometheusTarget | None
    alertmanager: HttpTarget | None
    silence: tuple[str, ...] | None
    read_only: bool
    champion: str
    patterns: LinkPatterns
    journal: str
    lives_with: int | None


def handed(environment: Environment) -> bytes:
    """One line of JSON."""
    fields = {name: getattr(environment, name) for name in _Handed.__struct_fields__}
    return msgspec.json.encode(_Handed(**fields), enc_hook=_reveal)


def received(line: bytes) -> Environment:
    """Raises ValueError where the line is no environment; the words name no values."""
    try:
        found = msgspec.json.decode(line, type=_Handed, dec_hook=_conceal)
    except msgspec.MsgspecError as error:
        raise ValueError(f"not an environment: {error}") from None
    return Environment(**{name: getattr(found, name) for name in _Handed.__struct_fields__})


def _reveal(value: Any) -> Any:
    if isinstance(value, Secret):
        return value.reveal()
    raise NotImplementedError(type(value).__name__)


def _conceal(kind: type[Any], value: Any) -> Any:
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise ValueError(f"expected text for {kind.__name__}")
