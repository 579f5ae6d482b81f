"""Changes that no test can or should notice, each with its reason (harmless.toml)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

LIST = Path(__file__).with_suffix(".toml")


@dataclass(frozen=True)
class Change:
    """What is replaced by what on a line, which is known by its function and its text, as its number soon is another."""

    module: str
    function: str
    line: str
    message: str

    @classmethod
    def between(cls, module: str, function: str, before: str, after: str) -> Change:
        olds, news = ([*re.findall(r"[\w.]+|[^\w\s.]+|\s+", text)] for text in (before, after))
        while olds and news and olds[0] == news[0]:
            del olds[0], news[0]
        while olds and news and olds[-1] == news[-1]:
            del olds[-1], news[-1]
        message = " → ".join("".join(part).strip() or "nothing" for part in (olds, news))
        return cls(module, function, before.strip(), message)


@dataclass(frozen=True)
class Harmless:
    """`change`: empty where no change of that line matters."""

    module: str
    function: str
    line: str
    reason: str
    change: str = ""

    def covers(self, change: Change) -> bool:
        return (self.module, self.function, self.line) == (change.module, change.function, change.line) and self.change in (
            "",
            change.message,
        )


def harmless() -> list[Harmless]:
    return [Harmless(**entry) for entry in tomllib.loads(LIST.read_text()).get("harmless", ())]


def reason(change: Change, known: Iterable[Harmless]) -> str:
    """Why a change does no harm; empty where nothing says so."""
    return next((each.reason for each in known if each.covers(change)), "")
