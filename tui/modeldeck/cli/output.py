"""Printing: data to standard output, words to standard error, and failures as exit codes. Nothing raw reaches a terminal from here."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from modeldeck.cli.process import lost, write
from modeldeck.domain.failures import Conflict, Failure, Forbidden, NotFound, Rejected
from modeldeck.domain.operations.exit_code import ExitCode
from modeldeck.domain.operations.plan import Refusal
from modeldeck.operations.common.guard import ReadOnly
from modeldeck.operations.common.serialization import SCHEMA
from modeldeck.operations.common.text import has_orders, sanitize

_REFUSED = (Conflict, Forbidden, NotFound, Rejected, ReadOnly)
"""Failures that are an answer: asking again will not help, and the backend is there."""


def say(message: str) -> None:
    """To standard error. A terminal that is gone must not stop what is being done."""
    write(sys.stderr, shown(message) + "\n")


def put(text: str) -> None:
    """To standard output: the answer that was asked for. Where it cannot be written, `lost` says so."""
    _put(shown(text))


def put_json(body: Mapping[str, Any]) -> None:
    """The same as one line of JSON, in which what instructs a terminal is escaped."""
    _put(_json(body))


def report(text: str) -> None:
    """To standard output: what came of a change. The exit code tells it as well, so nothing is lost where it cannot be written."""
    write(sys.stdout, shown(text) + "\n")


def report_json(body: Mapping[str, Any]) -> None:
    write(sys.stdout, _json(body) + "\n")


def ask(question: str) -> str:
    """On standard error, so that what is piped on stays data. "" where nobody can answer."""
    write(sys.stderr, question)
    try:
        return sys.stdin.readline().strip()
    except (OSError, ValueError):
        return ""


def _put(text: str) -> None:
    failed = write(sys.stdout, text + "\n")
    if failed is not None:
        lost.append(failed)


def _json(body: Mapping[str, Any]) -> str:
    """UTF-8 where standard output is that, else ASCII. C1, bidi and other characters that instruct a terminal are always escaped."""
    utf8 = (sys.stdout.encoding or "utf-8").lower().replace("-", "").startswith("utf8")
    text = json.dumps({"schema": SCHEMA, **body}, ensure_ascii=not utf8, allow_nan=False)
    if text.isprintable():
        return text
    return "".join(_escaped(character) if has_orders(character) else character for character in text)


def _escaped(character: str) -> str:
    return json.dumps(character)[1:-1] if ord(character) > 0xFFFF else f"\\u{ord(character):04x}"


def fail(code: str, message: str, hint: str, exit_code: ExitCode, *, as_json: bool) -> ExitCode:
    """Say what is wrong; with JSON also as data."""
    say(f"modeldeck: {lines(message)}" + (f"\n  {lines(hint)}" if hint else ""))
    if as_json:
        report_json({"error": {"code": code, "message": message, "hint": hint or None}})
    return exit_code


def fail_with(failure: Failure, *, as_json: bool, code: ExitCode | None = None) -> ExitCode:
    return fail(failure.code, str(failure), failure.hint, exit_code_of(failure) if code is None else code, as_json=as_json)


def refuse(refusal: Refusal, *, as_json: bool) -> ExitCode:
    """A plan that cannot be made."""
    code = ExitCode.USAGE if refusal.code == "usage" else exit_code_of(refusal.failure) if refusal.failure else ExitCode.REFUSED
    return fail(refusal.code, refusal.message, refusal.hint, code, as_json=as_json)


def exit_code_of(failure: Failure) -> ExitCode:
    return ExitCode.REFUSED if isinstance(failure, _REFUSED) else ExitCode.UNREACHABLE


def lines(text: str, *, keep_blanks: bool = False) -> str:
    """Harmless, line by line; `keep_blanks` keeps indents and columns."""
    return "\n".join(sanitize(line, keep_blanks=keep_blanks) for line in text.splitlines())


def shown(text: str) -> str:
    """As it stands where it is sanitized already, which most is: columns, indents and length are kept."""
    return "\n".join(line if line.isprintable() else sanitize(line, limit=len(line), keep_blanks=True) for line in text.split("\n"))


def short(text: str) -> str:
    """A name for a column of a list, where one that is absurdly long must not push the rest away; JSON has the whole."""
    return sanitize(text, limit=24)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Aligned columns of plain text, two blanks between them; the last column is not padded."""
    cells = [list(head), *([sanitize(cell) for cell in row] for row in rows)]
    widths = [max(width(row[column]) for row in cells) for column in range(len(head))]
    return "\n".join(_row(row, widths) for row in cells)


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [cell + " " * (wide - width(cell)) for cell, wide in zip(cells, widths, strict=True)]
    return "  ".join(padded).rstrip()


def width(text: str) -> int:
    """Terminal cells, without a table of its own: wide East Asian characters and emoji take two, combining marks none."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)
