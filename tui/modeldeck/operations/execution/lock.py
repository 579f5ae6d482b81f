"""The lock of an operation: one Lease for each Deployment that it changes, held by one process, renewed while it runs.

A lease counts as ours until `DURATION` after the last renewal *left*, by a clock that never jumps and that goes on while the machine
sleeps: nothing that changes the world leaves later than that without another renewal. Somebody else's counts as dead when it was watched
for its whole duration without being renewed (other machines' clocks are never reckoned with), or when its process is known to be gone from
this machine.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import ClassVar

from modeldeck.domain.failures import Conflict, Failure, Forbidden, NotFound
from modeldeck.domain.kubernetes.leases import DURATION, LOCK, Lease, LockNote, held_words, lock_name, looks_live, note_of, note_text
from modeldeck.domain.operations.checks import CheckName, Verdict
from modeldeck.domain.operations.plan import Plan, Target
from modeldeck.operations.common.liveness import birth, holder_is_dead
from modeldeck.operations.common.retry import TRANSIENT, Refusals, pause_after, retry
from modeldeck.operations.common.text import host, iso, sanitize
from modeldeck.ports import Clock, Cluster

RENEW = DURATION / 3
"""Seconds between renewals."""
_MARGIN = 3.0
# Seconds before the lease's end from which on it is renewed before a request leaves, so that the request still falls into it.
_WATCH = 1.0
_TRIES = 6
_PAUSE = 0.3

Say = Callable[[str], None]


class Locked(Conflict):
    """Another operation has the lock."""

    code: ClassVar[str] = "locked"
    default_hint: ClassVar[str] = "wait for it, or look at it: modeldeck operations"


class LockLost(Failure):
    """Somebody has taken the lock over: what this process still wanted to do is not its business any more."""

    code: ClassVar[str] = "lock_lost"
    default_hint: ClassVar[str] = "modeldeck status shows where it stands"


@dataclass
class Lock:
    """One held lease. Not frozen: it moves with each renewal."""

    lease: Lease
    sure_until: float
    """By `Clock.boottime`."""


@dataclass
class Locks:
    """All locks of one operation in one process."""

    cluster: Cluster
    clock: Clock
    holder: str = field(default_factory=lambda: f"{host()}-{os.getpid()}-{secrets.token_hex(4)}")
    """Names this process; another one that goes on with the same operation is another holder."""
    step: str = ""
    """Where the operation is, for colleagues who look at the lease."""
    lost: LockLost | None = None
    _held: dict[tuple[str, str], Lock] = field(default_factory=dict)

    @property
    def held(self) -> tuple[Lease, ...]:
        return tuple(lock.lease for lock in self._held.values())

    async def acquire(self, plan: Plan, target: Target, say: Say, *, again: bool = False) -> str:
        """Answers in words what came of it. Raises Locked where somebody else is at work; may wait `DURATION` to be sure of that.

        `again`: a process that is said to be gone had it, so that a lease that still looks live is watched, too, instead of believed.
        Where the operator may not use leases that is said, and there is no lock: the mark on the Deployment is the only sign then. A
        refusal of what was allowed when it was planned is believed once it has lasted: the API server may just have been started again.
        """
        namespace, name = target.namespace, lock_name(target.deployment)
        known = (check for check in plan.checks if check.name is CheckName.LOCK and check.is_about(target.key))
        allowed = any(check.verdict is Verdict.OK for check in known)
        refusals = Refusals()
        while True:
            try:
                return await self._acquire(plan, target, namespace, name, say, again)
            except Forbidden as failure:
                if not allowed or refusals.believed(failure, self.clock.monotonic()):
                    return f"no lock: leases may not be used here ({failure.message}); the mark on the deployment is the only sign"
                await self.clock.sleep(pause_after(failure, _PAUSE))

    async def _acquire(self, plan: Plan, target: Target, namespace: str, name: str, say: Say, again: bool) -> str:
        lost: Failure | None = None
        for _ in range(_TRIES):
            found = await retry(lambda: self.cluster.lease(namespace, name), self.clock)
            took_over = ""
            if found is not None and found.holder and found.holder != self.holder:
                await self._wait_for_end(found, say, again)
                took_over = f"taken over from {note_of(found).actor or note_of(found).id}, which did not renew it"
            left = self.clock.boottime()
            try:
                written = await self.cluster.write_lease(self._ours(plan, target, found, namespace, name))
            except Conflict:
                continue  # somebody was faster, or only wrote something: look again
            except NotFound:
                if found is None:
                    raise  # there is nowhere to write it
                continue  # somebody deleted it meanwhile: it is free
            except TRANSIENT as failure:
                lost = failure
                await self.clock.sleep(pause_after(failure, _PAUSE))
                continue
            self._held[namespace, name] = Lock(written, left + DURATION)
            return took_over or "locked"
        raise lost or Locked(f"lease {namespace}/{name} kept changing", backend="Kubernetes")

    async def _wait_for_end(self, found: Lease, say: Say, again: bool) -> None:
        """Returns when the holder is surely gone; raises Locked when it is not."""
        if holder_is_dead(note_of(found)):
            return
        if not again and looks_live(found, self.clock.now()):
            raise Locked(held_words(found), backend="Kubernetes")
        say(f"{sanitize(held_words(found))}; it looks abandoned: watched for {found.duration:.0f} s to be sure")
        until = self.clock.monotonic() + max(found.duration, 1.0)
        while self.clock.monotonic() < until:
            await self.clock.sleep(_WATCH)
            now = await retry(lambda: self.cluster.lease(found.namespace, found.name), self.clock)
            if now is None or not now.holder:
                return
            if (now.holder, now.renewed_at, now.resource_version) != (found.holder, found.renewed_at, found.resource_version):
                raise Locked(held_words(now), backend="Kubernetes")

    def _ours(self, plan: Plan, target: Target, found: Lease | None, namespace: str, name: str) -> Lease:
        now, intent = self.clock.now(), plan.intent
        note = LockNote(
            id=plan.id,
            actor=intent.actor,
            kind=intent.kind.value,
            model=target.model,
            from_version=target.from_version,
            to_version=target.to_version,
            since=iso(now) or "",
            step=self.step,
            host=host(),
            pid=os.getpid(),
            birth=birth(os.getpid()),
        )
        return Lease(
            namespace=namespace,
            name=name,
            holder=self.holder,
            acquired_at=now,
            renewed_at=now,
            transitions=found.transitions + (found.holder != self.holder) if found else 0,
            annotations={LOCK: note_text(note)},
            owner=(target.deployment, target.fingerprint.deployment_uid),
            resource_version=found.resource_version if found else "",
        )

    async def hold(self) -> None:
        """Before a request that changes the world leaves. Raises LockLost where that is not ours to send any more, another Failure where
        nobody can be asked about it."""
        if self.lost is not None:
            raise self.lost
        for key, lock in tuple(self._held.items()):
            if self.clock.boottime() > lock.sure_until - _MARGIN:
                await self._renew(key)

    async def renew(self) -> None:
        """Once for every lock, whatever its age. Raises LockLost; a cluster that is away is no reason to give up yet."""
        for key in tuple(self._held):
            await self._renew(key)

    async def _renew(self, key: tuple[str, str]) -> None:
        async def once() -> None:
            lock = self._held.get(key)
            if lock is None:
                return  # released meanwhile
            left = self.clock.boottime()
            note = replace(note_of(lock.lease), step=self.step)
            wanted = replace(lock.lease, renewed_at=self.clock.now(), annotations={LOCK: note_text(note)})
            try:
                written = await self.cluster.write_lease(wanted)
            except NotFound:
                lock.lease = replace(lock.lease, resource_version="")  # somebody deleted it: it is made anew
                await once()
                return
            except Conflict:
                found = await self.cluster.lease(*key)
                if found is None or found.holder != self.holder:
                    who = held_words(found) if found and found.holder else "nobody holds it now"
                    self.lost = LockLost(f"the lock was taken over: {who}", backend="Kubernetes")
                    raise self.lost from None
                lock.lease = found  # an answer of ours was lost, or somebody annotated it
                await once()
                return
            lock.lease, lock.sure_until = written, left + DURATION

        await retry(once, self.clock)

    async def release(self) -> None:
        """Give every lock back that is still ours. Raises a Failure where that cannot be told; by then the lease has ended by itself."""
        for key in tuple(self._held):
            await retry(partial(self._free, key), self.clock, patience=DURATION)

    async def _free(self, key: tuple[str, str]) -> None:
        for _ in range(_TRIES):
            found = await self.cluster.lease(*key)
            if found is None or found.holder != self.holder:
                break
            try:
                await self._give_back(found)
            except Conflict:
                continue
            break
        self._held.pop(key, None)

    async def clear(self, target: Target, operation_id: str) -> None:
        """Give back what a process of this operation left behind that surely is gone; any other lease is left alone. Raises a Failure."""
        namespace, name = target.namespace, lock_name(target.deployment)
        try:
            found = await retry(lambda: self.cluster.lease(namespace, name), self.clock)
            if found is not None and found.holder and note_of(found).id == operation_id and holder_is_dead(note_of(found)):
                await self._give_back(found)
        except (Conflict, Forbidden):
            return  # somebody else has it by now; or there never was a lock

    async def _give_back(self, lease: Lease) -> None:
        await self.cluster.write_lease(replace(lease, holder="", acquired_at=None, renewed_at=self.clock.now(), annotations={LOCK: ""}))
