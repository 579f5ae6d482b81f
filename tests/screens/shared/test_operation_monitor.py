"""What is begun here is found again by each of its deployments."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support import operations as ops
from tests.support.clocks import settle


@pytest.mark.parametrize("read", [False, True], ids=["just begun", "read"])
async def test_an_operation_is_found_by_each_of_its_deployments(read: bool) -> None:
    core = ops.Core()
    monitor = core.monitor()
    followed = monitor.begin(ops.STAGED)
    if read:
        core.tell(replace(ops.ROLLING, changes=ops.STAGED.changes))
        await settle()
    assert monitor.of("serving/iris-staging") is followed
    assert monitor.of("serving/iris") is followed
    assert monitor.of("serving/wine") is None
    await monitor.settle()
