"""On which line each key of a TOML text stands. `tomllib` gives values without places; a wrong value must name its line.

Only for text that `tomllib` has accepted: the grammar is not checked a second time here.
"""

from __future__ import annotations

import re

_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2})'  # multi-line basic string; it may end in one or two quotes of its own
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|\#[^\n]*"
    r"|[ \t\r]+"
    r"|\n"
    r"|[\[\]{}=,.]"
    r"|[^\s\"'\#\[\]{}=,.]+",
    re.DOTALL,
)

Path = tuple[str, ...]


def lines_of(text: str) -> dict[Path, int]:
    """Key path → line, counted from 1. Tables and the tables that a dotted key implies are in it, at their first line.

    The elements of an array are "0", "1" and so on in a path, whether they are `[[tables]]` or stand in brackets.
    """
    return _Scanner(text).scan()


class _Scanner:
    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, int]] = []
        self._at = 0
        self._found: dict[Path, int] = {}
        self._newest: dict[Path, int] = {}
        """Array of tables → the number of its newest element, which later headers mean."""
        line = 1
        for match in _TOKEN.finditer(text):
            token = match[0]
            if token[0] not in " \t\r#":
                self._tokens.append((token, line))
            line += token.count("\n")

    def scan(self) -> dict[Path, int]:
        table: Path = ()
        while token := self._peek():
            if token == "\n":
                self._next()
            elif token == "[":
                table = self._header()
            else:
                self._assignment(table)
        return self._found

    def _header(self) -> Path:
        brackets, line = 0, self._tokens[self._at][1]
        while self._peek() == "[":
            brackets += 1
            self._next()
        table = self._key((), elements=True)
        while self._peek() == "]":
            self._next()
        if brackets == 2:
            self._newest[table] = self._newest.get(table, -1) + 1
            table = (*table, str(self._newest[table]))
            self._found[table] = line
        return table

    def _peek(self) -> str:
        return self._tokens[self._at][0] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        self._at += 1
        return token

    def _key(self, table: Path, *, elements: bool = False) -> Path:
        """Reads `a."b c".d` and remembers the line of each part. `elements`: before a dot, an array of tables means its newest element."""
        path = table
        while True:
            line = self._tokens[self._at][1]
            path = (*path, _unquoted(self._next()))
            self._found.setdefault(path, line)
            if self._peek() != ".":
                return path
            self._next()
            if elements and path in self._newest:
                path = (*path, str(self._newest[path]))

    def _assignment(self, table: Path) -> None:
        path = self._key(table)
        self._next()  # =
        self._value(path)

    def _value(self, path: Path) -> None:
        if self._peek() == "{":
            self._next()
            while self._peek() not in ("}", ""):
                if self._peek() in (",", "\n"):
                    self._next()
                else:
                    self._assignment(path)
            self._next()
        elif self._peek() == "[":
            self._array(path)
        else:
            while self._peek() not in ("\n", ",", "}", "]", ""):
                self._next()

    def _array(self, path: Path) -> None:
        self._next()
        element = 0
        while self._peek() not in ("]", ""):
            if self._peek() == ",":
                element += 1
                self._next()
            elif self._peek() == "\n":
                self._next()
            else:
                self._value((*path, str(element)))
        self._next()


def _unquoted(token: str) -> str:
    if token[0] not in "\"'":
        return token
    import tomllib

    return str(tomllib.loads(f"key = {token}")["key"])
