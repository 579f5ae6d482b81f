"""What the deck shows of operations: anybody's from the mark on the deployment, and what the journal of this machine knows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from textual.message import Message
from textual.pilot import Pilot

from modeldeck.domain.failures import TimedOut
from modeldeck.domain.operations.operation import Operation
from modeldeck.live.hub import Topic
from modeldeck.screens.deck.messages import OperationRequested, OperationsRequested
from modeldeck.screens.shared.active_operations import ActiveOperation
from tests.screens.deck.test_deck import ALL, Stage, until
from tests.support import operations as ops
from tests.support import sample
from tests.support.eventually import eventually
from tests.support.plans import with_change
from tests.support.staging import settled


class Deck(Stage):
    def on_operation_requested(self, message: OperationRequested) -> None:
        self.wanted.append(message)

    def on_operations_requested(self, message: OperationsRequested) -> None:
        self.wanted.append(message)

    @property
    def asked(self) -> list[Message]:
        return self.wanted


@asynccontextmanager
async def deck(
    known: Mapping[str, ActiveOperation] | None = None, *, fleet: object = sample.FLEET, size: tuple[int, int] = (160, 40)
) -> AsyncIterator[tuple[Deck, Pilot[None]]]:
    app = Deck()
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        app.deck.attach(app.source)
        for topic, value in {**ALL, Topic.FLEET: fleet}.items():
            app.deck.receive(topic, sample.reading(value))
        if known is not None:
            app.deck.tell(known)
        await settled(pilot)
        yield app, pilot


def known(operation: Operation = ops.ROLLING, *, gone: bool = False) -> dict[str, ActiveOperation]:
    return {operation.last.uid: ActiveOperation(operation, gone)}


def row(app: Deck, name: str) -> str:
    return next(line for line in app.text().splitlines() if f" {name} " in line and "/" in line and "│" in line)


async def test_anybodys_operation_is_seen_from_its_mark() -> None:
    async with deck(fleet=ops.rolling_fleet()) as (app, _):
        assert "↻ iris" in row(app, "iris")
        assert "↻ promote v7 → v9 by ann@box, from another machine" in app.text()


async def test_a_mark_of_long_ago_that_was_copied_back_is_none() -> None:
    fleet = ops.rolling_fleet()
    ended = {**fleet.deployments[0].annotations, "modeldeck.dev/history": f'[{{"id":"{ops.ID}","outcome":"done"}}]'}
    old = replace(fleet.deployments[0], annotations=ended)
    async with deck(fleet=replace(fleet, deployments=(old, *fleet.deployments[1:]))) as (app, _):
        assert "↻ iris" not in row(app, "iris")
        assert "from another machine" not in app.text()


async def test_one_of_this_journal_tells_its_step_too() -> None:
    async with deck(known(), fleet=ops.rolling_fleet()) as (app, pilot):
        assert "↻ iris" in row(app, "iris")
        assert "▸ promote v7 → v9 by ann@box, await rollout" in app.text()
        app.deck.tell(known(ops.JUDGING))
        await settled(pilot)
        assert "by ann@box, judge gate" in app.text()
        app.deck.tell({})
        app.deck.receive(Topic.FLEET, sample.reading(sample.FLEET))
        await settled(pilot)
        assert "by ann@box" not in app.text()
        assert "↻" not in row(app, "iris")


async def test_a_journal_that_cannot_be_read_is_no_sign_that_nothing_goes_on() -> None:
    async with deck(known(), fleet=ops.rolling_fleet()) as (app, pilot):
        app.deck.miss_journal("the journal cannot be read: disk I/O error")
        await settled(pilot)
        assert "↻ iris" in row(app, "iris")
        await pilot.press("3", "j")
        await eventually(lambda: "the journal cannot be read: disk I/O error: what goes on here is not known" in app.text())
        app.deck.miss_journal("")
        await settled(pilot)
        assert "cannot be read" not in app.text()


@pytest.mark.parametrize("size", [(80, 24), (160, 40)])
async def test_one_that_hangs_is_told_while_it_hangs(size: tuple[int, int]) -> None:
    hung = {ops.ROLLING.last.uid: ActiveOperation(ops.ROLLING, gone=False, unheard="40 s")}
    async with deck(hung, fleet=ops.rolling_fleet(), size=size) as (app, pilot):
        await pilot.press("3")
        await settled(pilot)
        assert "? iris" in row(app, "iris")
        assert "▸ promote v7 → v9 by ann@box not heard for 40 s: p to resume or undo" in app.text()
        app.deck.tell(known())
        await settled(pilot)
        assert "↻ iris" in row(app, "iris")
        assert "not heard" not in app.text()


async def test_it_is_seen_before_its_mark_stands_on_the_deployment() -> None:
    """While it takes the lock, or waits for a second person."""
    async with deck(known(ops.BEGUN)) as (app, _):
        assert "↻ iris" in row(app, "iris")
        assert "promote v7 → v9 by ann@box, lock" in app.text()


async def test_in_a_small_terminal_it_comes_first_in_the_line() -> None:
    async with deck(known(), size=(80, 24)) as (app, _):
        assert app.text().splitlines()[-2].startswith(" ▸ promote v7 → v9 by ann@box, await rollout")


async def test_p_and_b_lead_to_it() -> None:
    async with deck(known(), fleet=ops.rolling_fleet()) as (app, pilot):
        await until(pilot, lambda: app.deck.model.selection.deployment == "serving/iris")
        await pilot.press("p", "b")
        await settled(pilot)
        assert [(type(m), m.operation_id) for m in app.asked if isinstance(m, OperationRequested)] == [(OperationRequested, ops.ID)] * 2
        assert len(app.asked) == 2


async def test_one_that_this_journal_does_not_know_is_no_reason_not_to_plan() -> None:
    """The plan's own checks say what is in the way."""
    async with deck(fleet=ops.rolling_fleet()) as (app, pilot):
        await pilot.press("b")
        await settled(pilot)
        assert not any(isinstance(message, OperationRequested) for message in app.asked)
        assert len(app.asked) == 1


async def test_upper_o_leads_to_all_of_them() -> None:
    async with deck() as (app, pilot):
        await pilot.press("O")
        await settled(pilot)
        assert [type(message) for message in app.asked] == [OperationsRequested]


async def test_what_was_cut_off_is_told_once_when_a_console_begins() -> None:
    async with deck(known(gone=True)) as (app, pilot):
        assert f"operation {ops.ID} was cut off: O to resume or undo" in app.text()
        assert "× iris" in row(app, "iris")
        assert "× promote v7 → v9 by ann@box was cut off: p to resume or undo" in app.text()
        app.deck.say()
        app.deck.tell(known(gone=True))
        await settled(pilot)
        assert "O to resume or undo" not in app.text()


async def test_several_that_were_cut_off_are_counted() -> None:
    wine = with_change(replace(ops.ROLLING, id="other"), key="serving/wine", uid="d-wine")
    async with deck({**known(gone=True), **known(wine, gone=True)}) as (app, _):
        assert "2 operations were cut off: O to resume or undo" in app.text()


async def test_what_is_cut_off_while_the_console_is_open_is_no_news_of_the_start() -> None:
    async with deck({}) as (app, pilot):
        app.deck.tell(known(gone=True))
        await settled(pilot)
        assert "O to resume or undo" not in app.text()
        assert "was cut off: p to resume or undo" in app.text()


async def test_a_deployment_of_the_same_name_elsewhere_is_another_one() -> None:
    async with deck(known(with_change(ops.ROLLING, uid="in another cluster"), gone=True)) as (app, _):
        assert "cut off" not in app.text()
        assert "×" not in row(app, "iris")


async def test_a_mark_that_anybody_wrote_stays_words() -> None:
    fleet = ops.rolling_fleet()
    evil = replace(
        fleet.deployments[0], annotations={"modeldeck.dev/operation": '{"id":"x","actor":"\\u001b[31m[red]\\u202e","to":"9\\n"}'}
    )
    async with deck(fleet=replace(fleet, deployments=(evil, *fleet.deployments[1:]))) as (app, _):
        assert "[red]" in app.text()
        assert all(character.isprintable() for line in app.text().splitlines() for character in line)


async def test_the_registry_is_asked_at_once_when_an_operation_has_ended() -> None:
    """Nobody watches aliases: until the next poll the row would tell of the one before the move."""
    async with deck(known()) as (app, _):
        assert ("refresh", Topic.REGISTRY) not in app.source.asked
        app.deck.tell(known(ops.ROLLING))
        assert ("refresh", Topic.REGISTRY) not in app.source.asked
        app.deck.tell({})
        assert app.source.asked.count(("refresh", Topic.REGISTRY)) == 1


async def test_which_backends_do_not_tell_what_stands_now() -> None:
    end = sample.NOW - 10.0
    async with deck() as (app, _):
        assert app.deck.awaited(end) == ("MLflow",)
        app.source.read_at = end - 0.1
        assert app.deck.awaited(end) == ("MLflow",)
        app.source.read_at = end + 1.0
        assert app.deck.awaited(end) == ()
        for topic, backend in ((Topic.FLEET, "Kubernetes"), (Topic.REGISTRY, "MLflow")):
            well = sample.reading(ALL[topic])
            app.deck.receive(topic, replace(well, failure=TimedOut("no answer")))
            assert app.deck.awaited(end) == (backend,)
            app.deck.receive(topic, well)
