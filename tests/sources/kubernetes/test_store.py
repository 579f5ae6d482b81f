"""What a watch holds is what the cluster holds, whatever the order of lists and events."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from modeldeck.sources.kubernetes.store import Sorted, Store


@dataclass(frozen=True)
class Thing:
    namespace: str
    name: str
    value: int


THINGS = st.builds(Thing, st.sampled_from("ab"), st.sampled_from("xyz"), st.integers(0, 3))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), THINGS),
        st.tuples(st.just("remove"), THINGS),
        st.tuples(st.just("replace"), st.lists(THINGS)),
        st.tuples(st.just("add"), st.lists(THINGS)),
    )
)


@given(STEPS, st.integers(0, 5))
def test_no_update_is_lost(steps: list[tuple[str, object]], every: int) -> None:
    store: Store[Thing] = Store()
    view = Sorted([store])
    wanted: dict[tuple[str, str], Thing] = {}
    for index, (step, what) in enumerate(steps):
        if isinstance(what, Thing):
            key = (what.namespace, what.name)
            if step == "put":
                store.put(what)
                wanted[key] = what
            else:
                store.remove(*key)
                wanted.pop(key, None)
        elif isinstance(what, list):
            page = {(thing.namespace, thing.name): thing for thing in what}
            if step == "replace":
                store.replace(what)
                wanted = page
            else:
                store.add(what)
                wanted |= page
        if every and index % every == 0:
            assert view.items() == tuple(wanted[key] for key in sorted(wanted))
    assert view.items() == tuple(wanted[key] for key in sorted(wanted))
    assert view.items() is view.items()
    assert len(store) == len(wanted)


@given(st.lists(THINGS), st.lists(THINGS))
def test_several_shelves_are_one_sorted_view(one: list[Thing], other: list[Thing]) -> None:
    first: Store[Thing] = Store()
    second: Store[Thing] = Store()
    view = Sorted([first, second])
    first.replace(one)
    assert [thing.name for thing in view.items()] == [thing.name for thing in sorted(first.items(), key=lambda t: (t.namespace, t.name))]
    second.replace(other)
    keys = [(thing.namespace, thing.name) for thing in view.items()]
    assert keys == sorted(keys)
    assert len(keys) == len(first) + len(second)
