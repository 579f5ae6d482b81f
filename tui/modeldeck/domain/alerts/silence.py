"""Silences: what Alertmanager tells nobody of, for a while."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from modeldeck.domain.metrics.pod_labels import literal
from modeldeck.domain.metrics.profiles.queries import pod_pattern
from modeldeck.domain.metrics.series_scope import SeriesScope

CREATOR = "modeldeck"
LONGEST = 4 * 3600.0
"""Seconds after which a silence ends by itself, whatever became of who made it."""
MARGIN = 300.0
"""Seconds beyond what an operation should take."""
_MATCHER = re.compile(r"""([a-zA-Z_][a-zA-Z0-9_]*)(=~|!~|!=|=)(["'])(.*)\3""", re.DOTALL)


@dataclass(frozen=True, slots=True)
class SilenceMatcher:
    name: str
    value: str
    is_regex: bool = False
    is_equal: bool = True


@dataclass(frozen=True, slots=True)
class Silence:
    """All of its matchers must match. Times in seconds since the epoch. `id` "": it is to be made."""

    matchers: tuple[SilenceMatcher, ...]
    starts: float
    ends: float
    creator: str
    comment: str
    id: str = ""


def comment_of(operation_id: str) -> str:
    return f"operation {operation_id} of modeldeck"


def silences_of(
    key: str, operation_id: str, scope: SeriesScope, alerts: Sequence[str], *, now: float, seconds: float
) -> tuple[Silence, ...]:
    """What keeps alerts about one deployment (`namespace/name`) quiet: those that name it, and those that name one of its pods. `alerts`:
    only those of these names; () is all. Where the environment is one of several clusters, only that cluster's."""
    ends = now + min(seconds, LONGEST)
    shared = (*_named(alerts), *_of_scope(scope))
    return tuple(Silence((*one, *shared), now, ends, CREATOR, comment_of(operation_id)) for one in _about(key, scope))


def _about(key: str, scope: SeriesScope) -> Iterator[tuple[SilenceMatcher, ...]]:
    namespace, _, name = key.partition("/")
    pods = pod_pattern(name)
    if scope.namespace or scope.pod:
        where = SilenceMatcher(scope.namespace or "namespace", namespace)
        yield where, SilenceMatcher(scope.pod or "pod", pods, is_regex=True)
        yield where, SilenceMatcher("deployment", name)
        return
    for prefix in ("", "exported_"):
        where = SilenceMatcher(f"{prefix}namespace", namespace)
        yield where, SilenceMatcher(f"{prefix}pod", pods, is_regex=True)
        yield where, SilenceMatcher(f"{prefix}deployment", name)


def _named(alerts: Sequence[str]) -> tuple[SilenceMatcher, ...]:
    return (SilenceMatcher("alertname", "|".join(literal(name) for name in alerts), is_regex=True),) if alerts else ()


def _of_scope(scope: SeriesScope) -> Iterator[SilenceMatcher]:
    for matcher in scope.matchers:
        parts = _MATCHER.fullmatch(matcher)
        if parts is not None:
            value = parts[4].replace("\\\\", "\\").replace('\\"', '"')
            yield SilenceMatcher(parts[1], value, "~" in parts[2], not parts[2].startswith("!"))
