"""What the announcement of another operation means for one that wants to move the same alias."""

from __future__ import annotations

from modeldeck.domain.failures import Conflict
from modeldeck.domain.kubernetes.annotations import history_of, mark_of
from modeldeck.domain.kubernetes.workloads import Deployment
from modeldeck.domain.mlflow.announcements import Announcement
from modeldeck.domain.operations.operation import Outcome
from modeldeck.operations.common.text import sanitize
from modeldeck.operations.planning.commands import take_announcement_off


def is_over(other: Announcement, deployment: Deployment, *, locked: bool) -> bool:
    """Whether the operation surely moves no alias any more. `locked`: nobody but us can change that Deployment now."""
    if deployment.uid != other.uid:
        return False
    if any(past.id == other.id and past.outcome in (Outcome.DONE, Outcome.UNDONE) for past in history_of(deployment.annotations)):
        return True
    mark = mark_of(deployment.annotations)
    return locked and (mark is None or mark.id != other.id)


def in_the_midst(model: str, alias: str, other: Announcement) -> Conflict:
    """Why the alias is not to be moved now, and what to do."""
    message, hint = midst_words(model, alias, other)
    return Conflict(message, hint=hint, backend="MLflow")


def midst_words(model: str, alias: str, other: Announcement) -> tuple[str, str]:
    """Who is in the midst of moving the alias; and what to do."""
    where = f" on {other.deployment}" if other.deployment else ""
    move = f", {other.from_version or 'nothing'} → {other.to_version}" if other.to_version else ""
    since = f", since {other.at}" if other.at else ""
    message = f"operation {other.id} of {other.actor or 'somebody'} is in the midst of moving alias {alias} of {model}{where}{move}{since}"
    hint = (
        f"wait for its end; where it was cut off, modeldeck operations undo {other.id} (or resume) takes its place free; "
        f"where it is gone for good: {take_announcement_off(model, alias, other.id)}"
    )
    return sanitize(message, limit=600), sanitize(hint, limit=1200)
