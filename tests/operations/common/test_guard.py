"""A read-only environment is not changed, and says which one it is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modeldeck.operations.common.clients import Clients
from modeldeck.operations.common.guard import ReadOnly, may_change
from tests.support.sample import ENVIRONMENT

CLIENTS = Clients(replace(ENVIRONMENT, read_only=False), None, None, None, None)


def test_what_is_not_read_only_may_be_changed() -> None:
    may_change(CLIENTS)


def test_a_read_only_environment_is_refused_by_its_name() -> None:
    with pytest.raises(ReadOnly, match=r"^prod is read-only$") as refused:
        may_change(replace(CLIENTS, environment=replace(ENVIRONMENT, name="prod", read_only=True)))
    assert (refused.value.code, refused.value.hint) == ("read_only", "choose another environment, or unset its read_only")
