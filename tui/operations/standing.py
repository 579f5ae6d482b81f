"""Whether what stands on a Deployment is still an operation's own, so that it may take it back.

Its mark comes with, or before, everything else that it changes there, and goes with the last of it. Without the mark, the newest line of
the Deployment's history tells who was there last: values alone do not, as somebody else may have wanted the very same ones.
"""

from __future__ import annotations

from enum import StrEnum

from tui.domain.marks import Mark, history_of, under_way
from tui.domain.promotions import Outcome, Plan
from tui.domain.serving import Deployment


class Standing(StrEnum):
    OURS = "ours"
    """It is marked; or it ended with an open end, and nobody has been there since."""
    BACK = "back"
    """It has been taken back, as its own line in the history tells; what has changed since is others' doing."""
    PASSED = "passed"
    """Another operation has been there since: whatever stands is that one's."""
    UNMARKED = "unmarked"
    """It never took effect; or somebody took the mark off by hand, and what stands may still be its doing."""


def standing(plan: Plan, deployment: Deployment) -> Standing:
    mark, last = under_way(deployment.annotations), newest(deployment)
    if mark is not None:
        return Standing.OURS if mark.id == plan.id else Standing.PASSED
    if last is not None and last.id == plan.id:
        return Standing.BACK if last.outcome == Outcome.UNDONE else Standing.OURS
    if last is not None and last.id != plan.fingerprint.last_operation:
        return Standing.PASSED
    return Standing.UNMARKED


def newest(deployment: Deployment) -> Mark | None:
    """The operation that ended last."""
    return next(iter(history_of(deployment.annotations)), None)


def passed_words(deployment: Deployment) -> str:
    """Who has been there since."""
    other = under_way(deployment.annotations) or newest(deployment)
    who = f"operation {other.id} of {other.actor or 'somebody'}" if other else "another operation"
    return f"{who} has been there since: what stands is its own"
