"""As much of PromQL's text as gates need: where its strings are, which metrics it names, and how a text becomes a literal in it."""

from __future__ import annotations

import re
from collections.abc import Iterator

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|`[^`]*`|#[^\n]*|["\'`]', re.DOTALL)


def parts(query: str) -> Iterator[tuple[str, str]]:
    """Strings, comments and what is between them, each with all that stands before it. A quote that nothing closes is a part alone."""
    end = 0
    for match in _TOKEN.finditer(query):
        if match.start() > end:
            yield query[end : match.start()], query[:end]
        yield match[0], query[: match.start()]
        end = match.end()
    if end < len(query):
        yield query[end:], query[:end]


def escaped(text: str) -> str:
    """A text as an RE2 expression that matches only it. `-` needs no escape, so that shown queries stay readable.

    A backslash stands in a class of its own: the stand-in reads one that is only escaped, before a digit, as a reference back.
    """
    return re.sub(r"[^A-Za-z0-9_-]", lambda found: "[\\\\]" if found.group() == "\\" else "\\" + found.group(), text)


_AGGREGATIONS = ("sum", "avg", "min", "max", "count", "stddev", "stdvar", "topk", "bottomk", "quantile", "count_values", "group")
_KEYWORDS = ("bool", "offset", "and", "or", "unless", "atan2", "inf", "nan", "by", "without", "on", "ignoring", "group_left", "group_right")
_WORDS = frozenset((*_AGGREGATIONS, *_KEYWORDS))
_LABELS = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^()]*\)", re.IGNORECASE)
_OFFSET = re.compile(r"\boffset\s+-?\w+", re.IGNORECASE)
_NAME = re.compile(r"(?<![\w:.])[A-Za-z_:][\w:]*(?!\s*\(|[\w:])")


def metrics_in(query: str) -> tuple[str, ...]:
    """The metric names that a query asks for, as far as they stand in it plainly (not as `{__name__=…}`)."""
    bare = "".join(" " if text[0] == "#" else '""' if text[0] in "\"'`" else text for text, _ in parts(query))
    bare = re.sub(r"\{[^{}]*\}|\[[^\[\]]*\]", " ", bare)
    bare = _OFFSET.sub(" ", _LABELS.sub(" ", bare))
    return tuple(dict.fromkeys(name for name in _NAME.findall(bare) if name.lower() not in _WORDS))
