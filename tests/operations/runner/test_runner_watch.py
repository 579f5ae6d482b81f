"""The process behind an operation renews its lock, and goes when nobody can be reached for long."""

from __future__ import annotations

from dataclasses import replace

from modeldeck.domain.failures import Unreachable
from modeldeck.operations.execution.lock import Locks
from modeldeck.operations.runner.runner import _watch
from tests.operations.conftest import Bench
from tests.support.plans import acquire
from tests.support.processes import gone_pid


async def test_a_cluster_that_is_away_for_half_an_hour_is_given_up(bench: Bench) -> None:
    locks = Locks(bench.fake.cluster, bench.fake.clock, "me")
    await acquire(locks, await bench.good_plan("2"), lambda message: None)
    bench.fake.traps.fail("write_lease", Unreachable("refused"), times=10**6)
    began = bench.fake.clock.monotonic()
    assert await _watch(bench.fake.clients, locks, bench.fake.clock) == "the cluster has been away for 30 minutes"
    assert 1800.0 < bench.fake.clock.monotonic() - began < 1830.0


async def test_without_the_sandbox_it_lives_with_it_goes_at_once(bench: Bench) -> None:
    clients = replace(bench.fake.clients, environment=replace(bench.fake.environment, lives_with=gone_pid()))
    began = bench.fake.clock.monotonic()
    locks = Locks(bench.fake.cluster, bench.fake.clock, "me")
    assert await _watch(clients, locks, bench.fake.clock) == "the sandbox has ended"
    assert bench.fake.clock.monotonic() - began < 10.0
