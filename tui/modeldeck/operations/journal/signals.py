"""What people want of an operation under way, told through its journal: any console may ask, the operation's own process listens.

cancel    undo it, as long as it has not come past its commit
accept    go on although the gate cannot judge; needs a reason
extend    give the gate more time, in seconds
approve   let it begin, as a second person
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from enum import StrEnum

from modeldeck.domain.failures import Conflict, Failure, Rejected
from modeldeck.domain.operations.operation import Operation, State
from modeldeck.domain.operations.steps import StepName
from modeldeck.operations.common.text import has_orders
from modeldeck.operations.journal.events import JournalEntry
from modeldeck.ports import Journal


class Signal(StrEnum):
    CANCEL = "cancel"
    ACCEPT = "accept"
    EXTEND = "extend"
    APPROVE = "approve"


@dataclass(frozen=True, slots=True)
class SignalRequest:
    signal: Signal
    by: str
    reason: str = ""
    seconds: float = 0.0


@dataclass
class SignalInbox:
    """What has been asked of the operation that this process carries out. `cancel` is set by the first such request."""

    cancel: asyncio.Event
    decisions: list[SignalRequest] = field(default_factory=list)
    """Accepts and extensions that nobody has looked at yet, oldest first."""
    approvals: list[SignalRequest] = field(default_factory=list)

    def deliver(self, asked: SignalRequest) -> None:
        if asked.signal is Signal.CANCEL:
            self.cancel.set()
        elif asked.signal is Signal.APPROVE:
            self.approvals.append(asked)
        else:
            self.decisions.append(asked)


def signals_in(entry: JournalEntry) -> SignalRequest | None:
    """None where the entry is no request, or one of a newer modeldeck."""
    if entry.kind != "asked":
        return None
    try:
        signal = Signal(str(entry.body.get("what", "")))
    except ValueError:
        return None
    seconds = entry.body.get("seconds")
    number = float(seconds) if isinstance(seconds, int | float) and not isinstance(seconds, bool) else 0.0
    return SignalRequest(signal, str(entry.body.get("by", "")), str(entry.body.get("reason", "")), number)


def ask(operation: Operation, asked: SignalRequest, journal: Journal, now: float) -> None:
    """Write the request down. Raises Rejected where it makes no sense, Conflict where the operation is not at a point for it."""
    _refuse(operation, asked)
    body: dict[str, object] = {"at": now, "what": asked.signal.value, "by": asked.by, "reason": asked.reason}
    if asked.signal is Signal.EXTEND:
        body["seconds"] = asked.seconds
    journal.append(operation.id, "asked", body)


def same_person(one: str, other: str) -> bool:
    """Whether `user@host` names the same user, on whichever machine."""
    return one.partition("@")[0] == other.partition("@")[0]


def _refuse(operation: Operation, asked: SignalRequest) -> None:
    if has_orders(asked.reason):
        raise Rejected("the reason holds control characters", hint="write it as one plain line of text")
    if operation.state is State.ENDED:
        raise Conflict(f"operation {operation.id} has ended: {operation.outcome}", hint=f"modeldeck operations show {operation.id}")
    refused: Failure | None = None
    if asked.signal is Signal.ACCEPT and not asked.reason.strip():
        refused = Rejected("to accept what the gate could not judge needs a reason", hint="--reason TEXT")
    elif asked.signal is Signal.ACCEPT and (operation.state is not State.WAITING or operation.awaits_approval):
        refused = Conflict(f"operation {operation.id} is {operation.state}: there is nothing to accept", hint="only a gate that holds is")
    elif asked.signal is Signal.EXTEND and asked.seconds <= 0:
        refused = Rejected("more time is a positive number of seconds")
    elif asked.signal is Signal.APPROVE and not any(step.name is StepName.AWAIT_APPROVAL for step in operation.steps):
        refused = Conflict(f"operation {operation.id} needs no approval", hint="the environment does not ask for one")
    elif asked.signal is Signal.APPROVE and same_person(asked.by, operation.actor):
        refused = Rejected(f"operation {operation.id} is {operation.actor}'s own: somebody else has to approve it", hint="ask a colleague")
    if refused is not None:
        raise refused
