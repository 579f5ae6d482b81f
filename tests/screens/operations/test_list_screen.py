from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from modeldeck.domain.failures import Failure
from modeldeck.domain.identity import ClusterId
from modeldeck.domain.operations.operation import Operation, Outcome
from modeldeck.operations.journal.journal import JournalFailure
from modeldeck.screens.operations.list_screen import OperationsScreen
from tests.support import operations as ops
from tests.support import sample
from tests.support.plans import with_change
from tests.support.staging import Stage, settled, stage


class Journal:
    def __init__(self, operations: Sequence[Operation] = ops.ALL) -> None:
        self.operations = tuple(operations)
        self.failure: Failure | None = None
        self.reads = 0
        self.opened: list[str] = []

    def read(self) -> tuple[Operation, ...]:
        self.reads += 1
        if self.failure is not None:
            raise self.failure
        return self.operations

    def screen(self) -> OperationsScreen:
        return OperationsScreen(self.read, self.opened.append, sample.FrozenClock())


async def look(app: Stage, pilot: object) -> OperationsScreen:
    """Read the journal now, and wait for it."""
    screen = app.screen
    assert isinstance(screen, OperationsScreen)
    if screen._reader.reading is not None:
        await screen._reader.reading
    screen.action_read_again()
    assert screen._reader.reading is not None
    await screen._reader.reading
    await settled(pilot)  # type: ignore[arg-type]
    return screen


async def test_what_is_under_way_stands_first_and_then_the_newest() -> None:
    journal = Journal((ops.past(1), ops.past(2), replace(ops.HELD, started_at=ops.NOW - 9000.0)))
    async with stage(journal.screen, size=(160, 40)) as (app, pilot):
        await look(app, pilot)
        rows = [line for line in app.text().splitlines() if "serving/iris" in line]
        assert ["waiting" in rows[0], "done" in rows[1], "done" in rows[2]] == [True] * 3
        for message in ("2 h", "ann@box", "promote", "7 → 9", "the gate is undecided when its time was up"):
            assert message in rows[0]
        assert "1 under way" in app.text()


async def test_enter_opens_the_selected_one() -> None:
    journal = Journal()
    async with stage(journal.screen) as (app, pilot):
        await look(app, pilot)
        await pilot.press("j", "j", "enter")
        await settled(pilot)
        assert journal.opened == [ops.ALL[2].id]


async def test_the_filter_takes_terms_and_says_how_many_it_finds() -> None:
    journal = Journal()
    async with stage(journal.screen) as (app, pilot):
        await look(app, pilot)
        await pilot.press("slash", *"actor:bob", "enter")
        await settled(pilot)
        assert "2 of 7" in app.text()
        assert "serving/wine" in app.text()
        await pilot.press("slash", *" outcome:undone", "enter")
        await settled(pilot)
        assert "no operation matches this filter" in app.text()
        await pilot.press("escape")
        await settled(pilot)
        assert "of 7" not in app.text()
        assert isinstance(app.screen, OperationsScreen)


async def test_the_words_of_the_selected_one_stand_below_in_full() -> None:
    async with stage(Journal().screen, size=(80, 24)) as (app, pilot):
        await look(app, pilot)
        await pilot.press("j", "j")
        await settled(pilot)
        assert "everything was taken back" in " ".join(app.text().split())


async def test_s_sorts() -> None:
    journal = Journal()
    async with stage(journal.screen, size=(160, 40)) as (app, pilot):
        await look(app, pilot)
        for _ in range(4):
            await pilot.press("s")
        await settled(pilot)
        assert "who ▴" in app.text()


async def test_it_is_read_again_while_it_is_shown_and_not_while_it_is_covered() -> None:
    journal = Journal((ops.JUDGING,))
    async with stage(journal.screen, size=(160, 40)) as (app, pilot):
        screen = await look(app, pilot)
        assert "cut off" not in app.text()
        journal.operations = (ops.DONE,)
        await look(app, pilot)
        assert "done" in app.text()
        app.push_screen(Journal().screen())
        await settled(pilot)
        before = journal.reads
        screen._tick()
        assert journal.reads == before


async def test_a_journal_that_cannot_be_read_is_told_and_what_was_read_stays() -> None:
    journal = Journal()
    journal.failure = JournalFailure("journal.sqlite cannot be read: locked")
    async with stage(journal.screen) as (app, pilot):
        await look(app, pilot)
        assert "cannot be read: locked" in app.text()
        assert "unavailable" in app.text()
        journal.failure = None
        await look(app, pilot)
        assert "serving/wine" in app.text()
        journal.failure = JournalFailure("journal.sqlite cannot be read: locked")
        await look(app, pilot)
        assert "serving/wine" in app.text()
        assert "stale" in app.text()


async def test_an_empty_journal_says_how_to_begin() -> None:
    async with stage(Journal(()).screen) as (app, pilot):
        await look(app, pilot)
        assert "no operation yet: p on the deck promotes, b rolls back" in app.text()


HOSTILE = "\x1b]0;x\x07[red]\u202eevil\n"


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_hostile_words_stay_words(size: tuple[int, int]) -> None:
    evil = tuple(
        with_change(
            replace(ops.past(n), actor=HOSTILE, message=HOSTILE, reason=HOSTILE, outcome=outcome), model=HOSTILE, key=f"serving/{HOSTILE}"
        )
        for n, outcome in enumerate(Outcome, 1)
    )
    async with stage(Journal(evil).screen, size=size) as (app, pilot):
        await look(app, pilot)
        assert all(character.isprintable() for line in app.text().splitlines() for character in line)
        assert all(len(line) == size[0] for line in app.text().splitlines())


def test_operations_of_other_clusters_are_not_in_the_list() -> None:
    here, there = ClusterId("here"), ClusterId("there")
    fleet_view = replace(ops.OUTLOOK, cluster=lambda: here)
    assert fleet_view.holds(replace(ops.JUDGING, cluster=here, environment="another name"))
    assert not fleet_view.holds(replace(ops.JUDGING, cluster=there))
    assert fleet_view.holds(ops.JUDGING)
