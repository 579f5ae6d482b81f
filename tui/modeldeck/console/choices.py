"""What there is to choose from, for each thing that can be another one. Imported when something is to be chosen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from modeldeck.domain.status.serving_row import ServingRow
from modeldeck.screens.shared.picker import Choice


@dataclass(frozen=True, slots=True)
class Choices:
    """A picker's contents."""

    title: str
    all: list[Choice]
    current: str | None = None


def environments(names: Iterable[str], current: str) -> Choices:
    return Choices("Environment", [Choice(name, name) for name in names], current)


def themes(names: Iterable[str], current: str) -> Choices:
    return Choices("Theme", [Choice(name, name) for name in sorted(names)], current)


def experiments(names: Mapping[str, str]) -> Choices:
    """By id; "" is all of them."""
    return Choices("Experiment", [Choice("", "all experiments"), *(Choice(i, name, f"id {i}") for i, name in names.items())])


def namespaces(names: Iterable[str]) -> Choices:
    """ "*" is all of them."""
    return Choices("Namespace", [Choice("*", "all namespaces"), *(Choice(name, name) for name in names)])


def links(row: ServingRow) -> Choices:
    """The places that name a version, joined by commas."""
    found = [Choice(",".join(link.places), link.text, ", ".join(link.places)) for link in row.references]
    return Choices(f"{row.deployment}: which one serves?", found)
