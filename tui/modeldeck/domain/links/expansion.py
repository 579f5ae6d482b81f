"""`$(VAR)` as the kubelet expands it, and `${VAR}` or `$VAR` as a shell does: what a text becomes, and where each part of it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_KUBELET = re.compile(r"\$\$(?=\()|\$\((?P<kubelet>[A-Za-z_][\w.-]*)\)")
_SHELL = re.compile(
    _KUBELET.pattern + r"|\$\{(?P<braced>[A-Za-z_]\w*)(?::?-(?P<default>[^{}]*))?\}|\$(?P<bare>[A-Za-z_]\w*)",
)
_DEEPEST = 4
"""Variables inside of variables; more is somebody's mistake."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of the expanded text: `text` stands at `offset` of the variable at index `variable`, or of the text itself (None)."""

    text: str
    variable: int | None
    offset: int


@dataclass(frozen=True, slots=True)
class Variables:
    """The variables of a container: name → (index, value), and the names of those whose values cannot be read (None: any other may be
    one of them, as a whole ConfigMap or Secret is taken in)."""

    values: Mapping[str, tuple[int, str]]
    unread: frozenset[str] | None

    def surely_unset(self, name: str) -> bool:
        return self.unread is not None and name not in self.unread


def expanded(text: str, variables: Variables, *, owner: int | None = None, shell: bool = False) -> tuple[Piece, ...]:
    """References to variables that cannot be read stay as they are. `owner`: the text is the value of the variable at this index.
    `shell`: whether `${VAR}` counts, too."""
    return tuple(_pieces(text, owner, 0, len(text), variables, shell, _DEEPEST))


def _pieces(text: str, owner: int | None, begin: int, end: int, variables: Variables, shell: bool, depth: int) -> Iterator[Piece]:
    position = begin
    for found in (_SHELL if shell else _KUBELET).finditer(text, begin, end):
        inner = list(_of_variable(text, found, owner, variables, shell, depth)) if depth else []
        if not inner:
            continue  # it stays as it is
        if found.start() > position:
            yield Piece(text[position : found.start()], owner, position)
        yield from (piece for piece in inner if piece.text)
        position = found.end()
    if position < end:
        yield Piece(text[position:end], owner, position)


def _of_variable(text: str, found: re.Match[str], owner: int | None, variables: Variables, shell: bool, depth: int) -> Iterator[Piece]:
    groups = found.groupdict()
    name = groups["kubelet"] or groups.get("braced") or groups.get("bare")
    if name is None:
        # `$$(`: the kubelet leaves one `$` and does not expand what follows.
        yield Piece("$", owner, found.start())
    elif name in variables.values:
        index, value = variables.values[name]
        # A variable can only be made of those that stand before it.
        if owner is None or index < owner:
            yield Piece("", index, 0)
            yield from _pieces(value, index, 0, len(value), variables, False, depth - 1)
    elif variables.surely_unset(name) and groups.get("default") is not None:
        start, end = found.span("default")
        yield Piece("", owner, start)
        yield from _pieces(text, owner, start, end, variables, shell, depth - 1)
