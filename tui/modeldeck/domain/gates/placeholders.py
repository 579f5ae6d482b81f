"""`{namespace}` and its like in a query of one's own, filled so that no value can become a part of the query.

Values come from a registry and a cluster, where a model may be called anything. A value may stand only inside a quoted string: escaped
for it, and as a literal where the matcher is an expression (`=~`, `!~`). `{pods}` is an expression itself. `{window}` may stand anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches

from modeldeck.domain.gates.promql import escaped, parts

NAMES = ("namespace", "deployment", "pods", "model", "version", "window")

_PLACEHOLDER = re.compile(r"\{([A-Za-z_]+)\}")


def problems(query: str) -> tuple[str, ...]:
    """What is wrong with the placeholders of a query, in words."""
    found: list[str] = []
    for text, before in parts(query):
        if text.startswith("#"):
            continue
        if text in ('"', "'", "`"):
            found.append(f"expected a closing {text}, found none")
        found.extend(message for match in _PLACEHOLDER.finditer(text) if (message := _problem(match[1], text, before)))
    return tuple(dict.fromkeys(found))


def _problem(name: str, text: str, before: str) -> str:
    if name not in NAMES:
        near = get_close_matches(name, NAMES, n=1)
        listed = ", ".join(f"{{{each}}}" for each in NAMES)
        return f"expected one of {listed}, found {{{name}}}" + (f": did you mean {{{near[0]}}}?" if near else "")
    if name == "window":
        return ""
    if text[0] not in "\"'":
        return f'expected {{{name}}} inside of double quotes: {name}="{{{name}}}"'
    if name == "pods" and not _is_expression(before):
        return 'expected {pods} after =~, as it is an expression: pod=~"{pods}"'
    return ""


def fill(query: str, values: Mapping[str, str]) -> str:
    """The query with every placeholder replaced; `values` has one for each of NAMES. Only for a query without `problems`."""
    return "".join(_filled(text, before, values) for text, before in parts(query))


def _filled(text: str, before: str, values: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name not in NAMES:
            return match[0]
        if name == "window":
            return values[name]
        literal = values[name] if name == "pods" or not _is_expression(before) else escaped(values[name])
        quote = text[0]
        return literal.replace("\\", "\\\\").replace(quote, f"\\{quote}").replace("\n", "\\n")

    return text if text.startswith("#") else _PLACEHOLDER.sub(value, text)


def _is_expression(before: str) -> bool:
    return before.rstrip().endswith(("=~", "!~"))
