"""The filter line of the operations: words, and terms such as `actor:ann model:iris outcome:undone state:running`.

All of them have to hold. A leading `!` turns one around; quotes keep blanks together: `outcome:"needs attention"`. What is no known
field is text like any other, so that `sha256:ab` finds what it says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from modeldeck.domain.operations.operation import Operation
from modeldeck.render.moves import CUT_OFF, standing

_TOKEN = re.compile(r'(?P<no>!?)(?:(?P<field>[a-z]+):)?(?:"(?P<quoted>[^"]*)"?|(?P<plain>\S+))', re.IGNORECASE)


def _state(operation: Operation, gone: bool) -> str:
    return CUT_OFF if gone else operation.state.value


FIELDS: Mapping[str, Callable[[Operation, bool], str]] = {
    "actor": lambda operation, gone: operation.actor,
    "model": lambda operation, gone: operation.last.model,
    "outcome": lambda operation, gone: operation.outcome.value if operation.outcome else "",
    "state": _state,
    "kind": lambda operation, gone: operation.kind.value,
    "deployment": lambda operation, gone: " ".join(operation.keys),
    "env": lambda operation, gone: operation.environment,
    "from": lambda operation, gone: operation.last.from_version or "",
    "to": lambda operation, gone: operation.last.to_version,
    "reason": lambda operation, gone: operation.reason,
    "id": lambda operation, gone: operation.id,
}
_EXACT = ("from", "to")
"""Versions: 1 is not 10."""
_FROM_THE_START = ("outcome", "state", "kind")
"""Words of ours: done is not undone, and `needs` is enough."""


@dataclass(frozen=True, slots=True)
class Term:
    """One condition. `field` "" looks everywhere."""

    field: str
    text: str
    turned: bool = False

    def holds(self, operation: Operation, gone: bool) -> bool:
        return self._found(operation, gone) is not self.turned

    def _found(self, operation: Operation, gone: bool) -> bool:
        if not self.field:
            return self.text in haystack(operation, gone)
        value = FIELDS[self.field](operation, gone).casefold()
        if self.field in _EXACT:
            return value == self.text
        return value.startswith(self.text) if self.field in _FROM_THE_START else self.text in value


def terms(text: str) -> tuple[Term, ...]:
    """What was typed as conditions. Never raises: what is half typed is taken as far as it goes."""
    found = []
    for match in _TOKEN.finditer(text):
        field, quoted, plain = (match[name] or "" for name in ("field", "quoted", "plain"))
        value, known = quoted or plain, field.casefold() in FIELDS
        if field and not known:
            value = f"{field}:{value}"
        if value:
            found.append(Term(field.casefold() if known else "", value.casefold(), bool(match["no"])))
    return tuple(found)


def haystack(operation: Operation, gone: bool) -> str:
    """Everything that plain words are looked for in."""
    said = (operation.message, standing(operation, cut_off=gone), operation.waiting.text if operation.waiting else "")
    return "\n".join((*(value(operation, gone) for value in FIELDS.values()), *said)).casefold()


def matches(wanted: tuple[Term, ...], operation: Operation, gone: bool) -> bool:
    """`gone`: whoever carried it out is gone before its end."""
    return all(term.holds(operation, gone) for term in wanted)
