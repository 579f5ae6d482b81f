"""The lock's lease and its note."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.kubernetes.leases import LOCK, Lease, LockNote, held_words, lock_name, looks_live, note_of, note_text

texts = st.text(max_size=20)
versions = st.none() | texts.filter(bool)
notes = st.builds(
    LockNote, texts.filter(bool), texts, texts, texts, versions, versions, texts, texts, texts, st.none() | st.integers(1, 1 << 22), texts
)


@given(note=notes)
def test_a_note_is_read_back(note: LockNote) -> None:
    assert note_of(Lease("serving", "x", "holder", annotations={LOCK: note_text(note)})) == note


@pytest.mark.parametrize("text", ["", "[]", "{", '{"id": 1}', '{"actor": "ann"}'])
def test_a_note_that_cannot_be_read_is_only_its_holder(text: str) -> None:
    assert note_of(Lease("serving", "x", "holder", annotations={LOCK: text})) == LockNote("holder")


def test_a_process_is_a_number() -> None:
    assert note_of(Lease("serving", "x", "h", annotations={LOCK: '{"id": "a", "pid": true}'})).pid is None
    assert note_of(Lease("serving", "x", "h", annotations={LOCK: '{"id": "a", "pid": "7"}'})).pid is None


@pytest.mark.parametrize(
    ("age", "live"), [(-5.1, False), (-5.0, True), (-4.0, True), (0.0, True), (4.0, True), (30.0, True), (30.1, False), (1e9, False)]
)
def test_it_looks_live_while_its_own_times_say_so(age: float, live: bool) -> None:
    assert looks_live(Lease("serving", "x", "holder", 30.0, renewed_at=1000.0), 1000.0 + age) is live


def test_what_nobody_holds_or_has_renewed_is_not_live() -> None:
    assert not looks_live(Lease("serving", "x", "", 30.0, renewed_at=1000.0), 1000.0)
    assert not looks_live(Lease("serving", "x", "holder", 30.0), 1000.0)


@given(st.lists(st.text("abc-.0", min_size=1, max_size=300), min_size=2, max_size=2, unique=True))
def test_two_deployments_never_share_a_lock(names: list[str]) -> None:
    locks = [lock_name(name) for name in names]
    assert len(set(locks)) == 2
    assert all(len(lock) <= 253 for lock in locks)


def test_a_long_name_ends_in_a_digest() -> None:
    assert lock_name("iris") == "modeldeck-iris"
    assert lock_name("a" * 243) == "modeldeck-" + "a" * 243
    assert lock_name("a" * 244) != lock_name("a" * 245)
    assert lock_name("a" * 250) == "modeldeck-" + "a" * 232 + "-3f3e35e0a7", "as every other console names it"
    assert lock_name("a" * 231 + "." + "a" * 20).startswith("modeldeck-" + "a" * 231 + "-")


def test_who_holds_it_in_words() -> None:
    note = LockNote("op-1", "ann@box", "promote", "iris", None, "9", "10:00", "judge gate")
    lease = Lease("serving", "x", "holder", annotations={LOCK: note_text(note)})
    assert held_words(lease) == "locked by ann@box (op-1): promote iris nothing → 9, since 10:00, at judge gate"
    assert held_words(Lease("serving", "x", "holder")) == "locked by holder"
    half = Lease("serving", "x", "holder", annotations={LOCK: note_text(LockNote("op-1", kind="promote", model="iris"))})
    assert held_words(half) == "locked by op-1"
    assert held_words(replace(half, annotations={LOCK: note_text(LockNote("op-1", to_version="9"))})) == "locked by op-1"


def test_a_note_holds_only_what_is_known_as_it_is_read() -> None:
    assert note_text(LockNote("op-1", "jürgen@box", pid=7)) == '{"id":"op-1","actor":"jürgen@box","pid":7}'


def test_a_lease_holds_for_fifteen_seconds() -> None:
    lease = Lease("serving", "x", "holder")
    assert (lease.duration, lease.transitions) == (15.0, 0)
