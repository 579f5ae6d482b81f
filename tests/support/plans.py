"""Plans and operations with another last target or change, and the lock of the last target."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from modeldeck.domain.operations.operation import Operation
from modeldeck.domain.operations.plan import Plan
from modeldeck.operations.execution.lock import Locks


def with_target(plan: Plan, **fields: Any) -> Plan:
    return replace(plan, targets=(*plan.targets[:-1], replace(plan.last, **fields)))


def with_change(operation: Operation, **fields: Any) -> Operation:
    return replace(operation, changes=(*operation.changes[:-1], replace(operation.last, **fields)))


async def acquire(locks: Locks, plan: Plan, say: Callable[[str], None]) -> str:
    return await locks.acquire(plan, plan.last, say)
