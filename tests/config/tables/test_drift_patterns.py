from __future__ import annotations

import pytest

from modeldeck.config.kinds import InvalidValue
from modeldeck.config.tables.drift_patterns import deployment_pattern


@pytest.mark.parametrize("text", ["serving/iris", "*/*", "serving/iris-?", "a/b"])
def test_deployments_by_name_and_by_pattern(text: str) -> None:
    assert deployment_pattern(text) == text


@pytest.mark.parametrize("text", ["iris", "", "/", "serving/", "a/b/c", "Serving/iris", "serving/[ab]", "serving/iris\n"])
def test_what_names_no_deployment(text: str) -> None:
    with pytest.raises(InvalidValue, match="namespace/name"):
        deployment_pattern(text)
