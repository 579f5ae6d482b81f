"""Whose version changed."""

from __future__ import annotations

import pytest

from modeldeck.domain.operations.version_change import VersionChange


@pytest.mark.parametrize(("key", "parts"), [("serving/iris", ("serving", "iris")), ("", ("", ""))])
def test_its_deployment_by_namespace_and_name(key: str, parts: tuple[str, str]) -> None:
    change = VersionChange(key, "iris", None, "7")
    assert (change.namespace, change.deployment) == parts
    assert (change.copied, change.uid, change.alias, change.alias_before) == (False, "", "", None)
