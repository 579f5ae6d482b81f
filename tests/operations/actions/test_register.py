"""Which names a registered model can have."""

from __future__ import annotations

import pytest

from modeldeck.domain.failures import Rejected
from modeldeck.operations.actions.register import register
from tests.operations.conftest import Bench


@pytest.mark.parametrize("name", ["", "  ", "a/b", "a:b", "a\x1b[31mb", "a\nb"])
async def test_a_name_that_no_model_can_have_is_refused_before_mlflow_is_asked(bench: Bench, name: str) -> None:
    with pytest.raises(Rejected, match="cannot be a model's name"):
        await register(bench.fake.clients, "0" * 31 + "1", name)
    assert bench.fake.traps.calls == []


async def test_a_version_is_made_of_a_run(bench: Bench) -> None:
    made = await register(bench.fake.clients, "0" * 31 + "1", "new model-1_a.b", description="first")
    assert (made.model, made.version, made.run_id) == ("new model-1_a.b", "1", "0" * 31 + "1")
