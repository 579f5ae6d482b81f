"""A process that hung while it held the lock finds that it is somebody else's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from modeldeck.domain.operations.operation import Outcome
from tests.operations.conftest import Bench
from tests.support.fakes.clock import FakeClock
from tests.support.fakes.journals import MemoryJournal


class Hanging(MemoryJournal):
    """It takes long until a certain request is written down; meanwhile a colleague takes the lock over. `asleep`: the whole machine hung,
    its clock for deadlines with it."""

    def __init__(self, bench: Bench, message: str, *, asleep: bool) -> None:
        super().__init__()
        self._bench, self._words, self._asleep = bench, message, asleep

    def append(self, operation_id: str, kind: str, body: Mapping[str, object]) -> None:
        super().append(operation_id, kind, body)
        if kind == "request" and str(body["message"]).startswith(self._words):
            clock = self._bench.fake.clock
            assert isinstance(clock, FakeClock)
            if self._asleep:
                clock.asleep += 3600.0
            else:
                clock.at += 60.0
            self._bench.fake.traps.calls.clear()
            leases = self._bench.fake.cluster.leases
            key, lease = next(iter(leases.items()))
            leases[key] = replace(lease, holder="a colleague", resource_version="taken")


_CHANGING = {"patch_deployment", "set_alias", "delete_alias", "tag_version", "write_event"}


@pytest.mark.parametrize("asleep", [False, True])
@pytest.mark.parametrize("message", ["patch deployment", "alias", "tag", "write event", "take the mark off"])
async def test_a_request_that_was_written_down_too_slowly_is_not_sent(bench: Bench, message: str, asleep: bool) -> None:
    operation = await bench.run_on(await bench.good_plan(), Hanging(bench, message, asleep=asleep))
    assert operation.outcome is Outcome.NEEDS_ATTENTION
    assert "taken over" in operation.message
    assert not _CHANGING & set(bench.fake.traps.calls)
