"""What a watch holds of one kind: filled by a list, kept current by events, replaced as a whole by the next list. Never waits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

from modeldeck.sources.kubernetes.resources import Item

T = TypeVar("T", bound=Item)


class Store(Generic[T]):
    """Objects by namespace and name. `version` rises with every change that can be seen."""

    def __init__(self) -> None:
        self._items: dict[tuple[str, str], T] = {}
        self.version = 0

    def __len__(self) -> int:
        return len(self._items)

    def items(self) -> Iterable[T]:
        return self._items.values()

    def add(self, items: Sequence[T]) -> None:
        """One page of the very first list, shown before the rest has come."""
        self._items.update(((item.namespace, item.name), item) for item in items)
        self.version += 1

    def replace(self, items: Iterable[T]) -> None:
        """A whole new list: what it does not hold was deleted while nobody watched."""
        self._items = {(item.namespace, item.name): item for item in items}
        self.version += 1

    def put(self, item: T) -> None:
        self._items[item.namespace, item.name] = item
        self.version += 1

    def remove(self, namespace: str, name: str) -> None:
        if self._items.pop((namespace, name), None) is not None:
            self.version += 1


class Sorted(Generic[T]):
    """Several shelves of one kind as one sorted tuple, which is only made anew when one of them changed."""

    def __init__(self, shelves: Sequence[Store[T]]) -> None:
        self._shelves = shelves
        self._versions: tuple[int, ...] = ()
        self._items: tuple[T, ...] = ()

    def items(self) -> tuple[T, ...]:
        versions = tuple(store.version for store in self._shelves)
        if versions != self._versions:
            found = [item for store in self._shelves for item in store.items()]
            found.sort(key=lambda item: (item.namespace, item.name))
            self._versions, self._items = versions, tuple(found)
        return self._items
