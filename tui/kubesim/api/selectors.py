"""Label and field selectors: parsing (with the errors a real server gives) and matching."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from kubesim.api.fields import canonical, known
from kubesim.api.kinds import Kind, Object
from kubesim.api.statuses import bad_request
from kubesim.api.validation_messages import label_problem

_TOKEN = re.compile(r"\s*(!=|==|=|!|,|\(|\)|>|<|[^\s!=,()<>]+)")
_OPERATORS = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}


@dataclass(frozen=True, slots=True)
class Requirement:
    """`operator` is one of in, notin, exists, !, gt, lt."""

    key: str
    operator: str
    values: frozenset[str] = frozenset()

    def matches(self, labels: Mapping[str, str]) -> bool:
        value = labels.get(self.key)
        match self.operator:
            case "in":
                return value in self.values
            case "notin":
                return value not in self.values
            case "exists":
                return value is not None
            case "!":
                return value is None
            case _:
                return _compares(value, self.operator, next(iter(self.values)))


def _compares(value: str | None, operator: str, bound: str) -> bool:
    if value is None or not value.lstrip("-").isdigit():
        return False
    return int(value) > int(bound) if operator == "gt" else int(value) < int(bound)


@dataclass(frozen=True, slots=True)
class Selector:
    """A conjunction of requirements; the empty one matches everything."""

    requirements: tuple[Requirement, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        return all(requirement.matches(labels) for requirement in self.requirements)

    def __bool__(self) -> bool:
        return bool(self.requirements)


def parse_labels(text: str) -> Selector:
    """`app=web,tier in (a, b),!old`; raises 400 in the server's words."""
    tokens = _TOKEN.findall(text)
    found: list[Requirement] = []
    position = 0
    while position < len(tokens):
        requirement, position = _requirement(tokens, position)
        found.append(requirement)
        if position < len(tokens):
            if tokens[position] != ",":
                raise bad_request(f"found '{tokens[position]}', expected: ',' or 'end of string'")
            position += 1
            if position == len(tokens):
                raise bad_request("found '', expected: identifier after ','")
    return Selector(tuple(found))


def _requirement(tokens: list[str], at: int) -> tuple[Requirement, int]:
    if tokens[at] == "!":
        if at + 1 >= len(tokens):
            raise bad_request("unable to parse requirement: found '', expected: identifier")
        return Requirement(_key(tokens, at + 1), "!"), at + 2
    key = _key(tokens, at)
    operator = tokens[at + 1] if at + 1 < len(tokens) else ","
    if operator in ("=", "==", "!="):
        has_value = at + 2 < len(tokens) and tokens[at + 2] != ","
        value = tokens[at + 2] if has_value else ""
        return Requirement(key, "notin" if operator == "!=" else "in", frozenset({value})), at + 2 + has_value
    if operator in (">", "<"):
        bound = tokens[at + 2] if at + 2 < len(tokens) else ""
        if not bound.lstrip("-").isdigit():
            raise bad_request(
                f'unable to parse requirement: values[0]: Invalid value: "{bound}": '
                "for 'Gt', 'Lt' operators, the value must be an integer"
            )
        return Requirement(key, "gt" if operator == ">" else "lt", frozenset({bound})), at + 3
    if operator in ("in", "notin"):
        values, end = _values(tokens, at + 2)
        return Requirement(key, operator, values), end
    return Requirement(key, "exists"), at + 1


def _key(tokens: list[str], at: int) -> str:
    token = tokens[at] if at < len(tokens) else ""
    if not re.match(r"[\w./-]+$", token):
        raise bad_request(f"found '{token}', expected: !, identifier, or 'end of string'")
    problem = label_problem(token)
    if problem:
        raise bad_request(f'unable to parse requirement: <nil>: Invalid value: "{token}": {problem}')
    return token


def _values(tokens: list[str], at: int) -> tuple[frozenset[str], int]:
    if at >= len(tokens) or tokens[at] != "(":
        found = tokens[at] if at < len(tokens) else ""
        raise bad_request(f"unable to parse requirement: found '{found}' expected: '('")
    try:
        end = tokens.index(")", at)
    except ValueError:
        raise bad_request("unable to parse requirement: found '', expected: ',' or ')'") from None
    return frozenset(token for token in tokens[at + 1 : end] if token != ","), end + 1


def from_object(selector: Object | None) -> Selector:
    """A `LabelSelector` object, as deployments carry it. An absent or empty one matches nothing is the caller's affair."""
    selector = selector or {}
    found = [Requirement(key, "in", frozenset({value})) for key, value in (selector.get("matchLabels") or {}).items()]
    found += [
        Requirement(each["key"], _OPERATORS[each["operator"]], frozenset(each.get("values") or ()))
        for each in selector.get("matchExpressions") or ()
    ]
    return Selector(tuple(found))


def parse_fields(kind: Kind, text: str) -> Selector:
    """`spec.nodeName=node-1,status.phase!=Running`: only the fields that the kind supports, else 400."""
    found: list[Requirement] = []
    for part in filter(None, text.split(",")):
        match = re.match(r"(.*?)(!=|==|=)(.*)$", part)
        if match is None:
            raise bad_request(f"invalid selector: '{part}'; can't understand '{part}'")
        name = canonical(kind, match[1])
        if name not in known(kind):
            raise bad_request(_unknown(kind, match[1]))
        found.append(Requirement(name, "notin" if match[2] == "!=" else "in", frozenset({match[3]})))
    return Selector(tuple(found))


def _unknown(kind: Kind, name: str) -> str:
    if kind.group in ("", "events.k8s.io", "apps") and len(known(kind)) > 2:
        return f"field label not supported: {name}"
    return f'"{name}" is not a known field selector: only "metadata.name", "metadata.namespace"'
