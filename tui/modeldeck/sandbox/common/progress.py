"""What the sandbox says about itself while it comes up: one line a part, as values and as JSON lines."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Literal, get_args

PartState = Literal["starting", "ready", "failed", "ended"]

# The parts in the order in which a newcomer meets them; `sandbox` is the whole.
PARTS = ("MLflow", "models trained", "cluster", "pods", "metrics", "traffic")
WHOLE = "sandbox"


@dataclass(frozen=True, slots=True)
class PartProgress:
    """One change of one part. `seconds` is the time since that part began (for the whole: since the sandbox began)."""

    part: str
    state: PartState
    seconds: float
    message: str

    def line(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)


def parse_line(line: str | bytes) -> PartProgress | None:
    """The event in one line of progress.jsonl; None for a line that was cut short (the writer may be half way through it)."""
    try:
        values = json.loads(line)
        event = PartProgress(str(values["part"]), values["state"], float(values["seconds"]), str(values["message"]))
    except (ValueError, KeyError, TypeError):
        return None
    return event if event.state in get_args(PartState) else None
