"""The Deployments of one promotion, in order: which may follow as parts of the same operation, and what becomes of the intent then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from modeldeck.domain.operations.intent import Intent, Kind
from modeldeck.domain.status.serving_row import ServingRow

ONE_ONLY = "a roll-back is about one deployment"


def keys(wanted: Intent) -> tuple[str, ...]:
    """`namespace/name` of each, as it was wanted: a plan's own intent is that of the last one."""
    return (wanted.key, *wanted.then)


def last_name(wanted: Intent) -> str:
    """The name that is typed in a protected environment: the last Deployment is the one that matters most."""
    return keys(wanted)[-1].rpartition("/")[2]


def why_alone(wanted: Intent) -> str:
    """Why nothing may follow; "" where something may."""
    return "" if wanted.kind is Kind.PROMOTE else ONE_ONLY


@dataclass(frozen=True, slots=True)
class Option:
    """One Deployment that could follow, or does so already and could be taken out."""

    key: str
    message: str
    wanted: Intent | None
    """What is wanted once this one is chosen; None: it cannot be."""
    why_not: str = ""


def options(wanted: Intent, rows: Iterable[ServingRow]) -> tuple[Option, ...]:
    """First the parts in their order, then Deployments of the same model, then those that need a copy, then those that cannot follow."""
    if why_alone(wanted):
        return ()
    linked = {row.key: row for row in rows if row.link is not None}
    models = {key: row.model for key, row in linked.items()}
    parts = [Option(key, "part of it: enter takes it out", _without(wanted, key, models)) for key in wanted.then]
    others = [_addition(wanted, row, models) for key, row in linked.items() if key not in keys(wanted)]
    return (*parts, *(option for _, option in sorted(others, key=lambda ranked: (ranked[0], ranked[1].key))))


def _addition(wanted: Intent, row: ServingRow, models: Mapping[str, str | None]) -> tuple[int, Option]:
    """With its rank among those that could follow."""
    other = _other(wanted, row.model)
    if other is None:
        message = f"{row.model or '?'} {row.spec_version or '?'}"
        return 0, Option(row.key, message, _going(wanted, (*wanted.then, row.key), models))
    if wanted.copy_to in (None, other):
        return 1, Option(row.key, f"serves {other}: copied there first", _going(wanted, (*wanted.then, row.key), models))
    why_not = f"not {row.key}: an operation copies to one other model, {wanted.copy_to}"
    return 2, Option(row.key, f"serves {other}: the copy goes to {wanted.copy_to}", None, why_not)


def _without(wanted: Intent, key: str, models: Mapping[str, str | None]) -> Intent:
    return _going(wanted, tuple(each for each in wanted.then if each != key), models)


def _going(wanted: Intent, then: tuple[str, ...], models: Mapping[str, str | None]) -> Intent:
    """Copied to what a part needs, and nowhere where none does."""
    needed = (_other(wanted, models.get(key)) for key in then)
    return replace(wanted, then=then, copy_to=next((model for model in needed if model is not None), None))


def _other(wanted: Intent, model: str | None) -> str | None:
    """The model that the version would have to be copied to. Of a Deployment that does not tell its model, the plan says more."""
    return model if wanted.model is not None and model != wanted.model else None
