"""What aliases point at, and how that changed between two readings of the registry: MLflow itself keeps no history of a pointer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from modeldeck.domain.mlflow.registry import RegisteredModel


@dataclass(frozen=True, slots=True)
class Pointers:
    """The aliases of one registered model at one moment: alias → version."""

    aliases: Mapping[str, str]
    born: float | None = None
    """When the model was created: tells it from an earlier one of the same name. None: not known."""


@dataclass(frozen=True, slots=True)
class AliasSnapshot:
    """One reading of a registry's pointers, by the model's name; it was true at some moment between `began` and `ended`, seconds since
    the epoch."""

    pointers: Mapping[str, Pointers]
    began: float
    ended: float


@dataclass(frozen=True, slots=True)
class AliasMove:
    """None stands for no version: the alias was not there before, or is not there any more."""

    model: str
    alias: str
    from_version: str | None
    to_version: str | None


@dataclass(frozen=True, slots=True)
class AliasChange:
    """A move that was seen by comparing two readings: it happened between `after` and `before`, seconds since the epoch."""

    move: AliasMove
    after: float
    before: float


def pointers_of(models: tuple[RegisteredModel, ...]) -> dict[str, Pointers]:
    """Registered models → their pointers by the model's name."""
    return {model.name: Pointers(dict(model.aliases), model.created_at) for model in models}


def alias_moves(before: Mapping[str, Pointers], after: Mapping[str, Pointers], *, since: float | None = None) -> tuple[AliasMove, ...]:
    """What moved between two readings, by model and alias. `since`: when the earlier one ended; None: there was none.

    A model that only one of them holds says nothing: it may be one that its reader is not allowed to see. But one that was created
    after the earlier reading is surely new, so that its aliases have been set since. A model that was deleted and made anew loses its
    old aliases first.
    """
    moves: list[AliasMove] = []
    for name in sorted(after):
        now, known = after[name], before.get(name)
        if known is None:
            if since is not None and now.born is not None and now.born > since:
                moves += _between(name, {}, now.aliases)
        elif known.born != now.born and None not in (known.born, now.born):
            moves += [*_between(name, known.aliases, {}), *_between(name, {}, now.aliases)]
        else:
            moves += _between(name, known.aliases, now.aliases)
    return tuple(moves)


def _between(model: str, before: Mapping[str, str], after: Mapping[str, str]) -> list[AliasMove]:
    aliases = sorted({*before, *after})
    return [AliasMove(model, a, before.get(a), after.get(a)) for a in aliases if before.get(a) != after.get(a)]
