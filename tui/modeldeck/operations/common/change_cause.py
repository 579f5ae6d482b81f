"""The change cause that an operation leaves on the Deployment, and Kubernetes on its ReplicaSet: it names the operation, so that a revision
is known for its own whatever the clocks say.

    modeldeck promote iris 1 -> 2 by ann@box [20270115-080000-ab12]: more accurate
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from modeldeck.domain.operations.intent import Kind
from modeldeck.operations.common.text import sanitize

_LONGEST = 600
_OURS = "modeldeck "
_CAUSE = re.compile(
    r"modeldeck (?P<kind>promote|rollback) (?P<model>.+?) (?P<before>\S+) -> (?P<after>\S+) by (?P<actor>.*?)"
    r" \[(?P<id>\d{8}-\d{6}-[0-9a-z]+)\](?:: (?P<reason>.*))?",
    re.DOTALL,
)
_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ChangeCause:
    id: str
    kind: Kind
    model: str
    before: str | None
    after: str
    actor: str
    reason: str = ""

    def text(self) -> str:
        """One sanitized line; what is too long is cut at its end."""
        why = f": {self.reason}" if self.reason else ""
        line = f"{_OURS}{self.kind} {self.model} {self.before or _UNKNOWN} -> {self.after} by {self.actor} [{self.id}]{why}"
        return sanitize(line, limit=_LONGEST)


def cause_of(text: str) -> ChangeCause | None:
    """None for anybody else's."""
    found = _CAUSE.fullmatch(text)
    if found is None:
        return None
    before = None if found["before"] == _UNKNOWN else found["before"]
    return ChangeCause(found["id"], Kind(found["kind"]), found["model"], before, found["after"], found["actor"], found["reason"] or "")


def is_ours(text: str) -> bool:
    return text.startswith(_OURS)
