"""The one rule that holds for every change, whoever asks for it: a read-only environment is not changed."""

from __future__ import annotations

from typing import ClassVar

from modeldeck.domain.failures import Failure
from modeldeck.operations.common.clients import Clients


class ReadOnly(Failure):
    """Asked to change what may only be looked at."""

    code: ClassVar[str] = "read_only"
    default_hint: ClassVar[str] = "choose another environment, or unset its read_only"


def may_change(clients: Clients) -> None:
    """Raises ReadOnly."""
    if clients.environment.read_only:
        raise ReadOnly(f"{clients.environment.name} is read-only")
