from __future__ import annotations

from dataclasses import replace

import pytest
from textual.pilot import Pilot

from modeldeck.domain.environments import Environment
from modeldeck.domain.operations.checks import Check, CheckName, Verdict
from modeldeck.domain.operations.intent import Intent, Kind
from modeldeck.domain.operations.plan import Plan, Refusal
from modeldeck.operations.journal.follow import RunnerFailure
from modeldeck.screens.plan.plan_screen import PlanScreen
from modeldeck.screens.shared.operation_monitor import MonitoredOperation
from modeldeck.screens.shared.picker import Picker
from modeldeck.widgets.table.table import Table
from tests.support import operations as ops
from tests.support import sample
from tests.support.plans import with_target
from tests.support.staging import Stage, settled, stage

PROTECTED = replace(sample.ENVIRONMENT, protected=True)


class Person:
    """The core, and what was begun through the screen."""

    def __init__(
        self, found: Plan | Refusal = ops.PLAN, environment: Environment = sample.ENVIRONMENT, intent: Intent = ops.INTENT
    ) -> None:
        self.core = ops.Core(found)
        self.environment, self.intent = environment, intent
        self.begun: list[MonitoredOperation] = []

    def screen(self) -> PlanScreen:
        fleet_view = replace(ops.OUTLOOK, environment=self.environment, rows=lambda: ops.ROWS)
        return PlanScreen(self.core.monitor(), self.intent, fleet_view, self.begun.append)


UNREASONED = replace(ops.INTENT, reason="")


async def test_the_plan_is_shown_whole_before_anything_is_done() -> None:
    person = Person()
    async with stage(person.screen, size=(160, 50)) as (app, _):
        text = app.text()
        for message in (
            "promote iris  v7 → v9  on serving/iris  in prod",
            "1 warning, and nothing that refuses",
            "better recall on setosa",
            "version 9 of iris is READY",
            "pause their sync",
            "template.spec.containers[0].env[0].value",
            "- models:/iris/7",
            "+ models:/iris/9",
            "the mark of this operation, until it ends",
            "champion at 7 → champion at 9",
            "p99 ≤ 1.5 × that of the version before",
            "wrong at most 1 % of the times that nothing is worse",
            "$ kubectl -n serving rollout status deployment iris",
        ):
            assert message in text
        assert not person.core.begun


async def test_what_refuses_comes_first_and_what_is_well_by_name_only_where_room_is_short() -> None:
    async with stage(Person(ops.REFUSED).screen, size=(80, 24)) as (app, _):
        lines = app.text().splitlines()
        assert "refused: version, lock" in lines[1]
        checks = next(index for index, line in enumerate(lines) if "Checks" in line)
        assert "✘ version" in lines[checks + 1]
        order = [next(i for i, line in enumerate(lines) if sign in line) for sign in ("✘ lock", "! owners", "? alias", "✔ artifacts ·")]
        assert order == sorted(order)


async def test_y_begins_it_once_and_another_screen_takes_over() -> None:
    person = Person()
    async with stage(person.screen) as (_, pilot):
        await pilot.press("y")
        await settled(pilot)
        assert [plan.id for plan in person.core.begun] == [ops.ID]
        assert [followed.keys for followed in person.begun] == [("serving/iris",)]


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (ops.REFUSED, "(y apply (refused: version, lock))"),
        (Refusal("unlinked", "nothing says which version it serves", "set MODEL_URI"), "(y apply (there is no plan))"),
        (replace(ops.PLAN, steps=()), "(y apply (already there))"),
    ],
)
async def test_what_cannot_be_applied_is_greyed_and_says_why(found: Plan | Refusal, why: str) -> None:
    person = Person(found)
    async with stage(person.screen) as (app, pilot):
        await pilot.press("y")
        await settled(pilot)
        assert not person.core.begun
        assert why.strip("()").split(" (")[1].rstrip(")") in app.text().splitlines()[-1]


async def test_a_refusal_says_what_can_be_done() -> None:
    async with stage(Person(Refusal("unlinked", "nothing says which version it serves", "set MODEL_URI")).screen) as (app, _):
        assert "nothing says which version it serves" in app.text()
        assert "set MODEL_URI" in app.text()


async def test_a_reason_is_asked_for_and_goes_into_a_new_plan() -> None:
    person = Person(intent=UNREASONED)
    async with stage(person.screen) as (app, pilot):
        assert "none given" in app.text()
        await pilot.press("r", *"better", "enter")
        await settled(pilot)
        assert person.core.intents[-1].reason == "better"
        assert "reason better" in app.text()


async def test_in_a_protected_environment_only_the_typed_name_applies() -> None:
    person = Person(environment=PROTECTED)
    async with stage(person.screen) as (app, pilot):
        await pilot.press("y", *"wine", "enter")
        await settled(pilot)
        assert not person.core.begun
        assert "that is not iris: nothing was done" in app.text()
        await pilot.press(*"iris", "enter")
        await settled(pilot)
        assert len(person.core.begun) == 1


async def test_in_a_protected_environment_a_reason_is_needed_first() -> None:
    person = Person(environment=PROTECTED, intent=UNREASONED)
    async with stage(person.screen) as (app, pilot):
        await pilot.press("y", "enter")
        await settled(pilot)
        assert "why promote?" in app.text(), "an empty reason is none"
        await pilot.press(*"fix", "enter")
        await settled(pilot)
        assert person.core.intents[-1].reason == "fix"
        assert "type iris to promote" in app.text()
        assert not person.core.begun
        await pilot.press(*"iris", "enter")
        await settled(pilot)
        assert [plan.intent.reason for plan in person.core.begun] == ["fix"]


async def test_a_reason_given_on_the_way_applies_nothing_that_is_refused_by_then() -> None:
    person = Person(environment=PROTECTED, intent=UNREASONED)
    async with stage(person.screen) as (app, pilot):
        await pilot.press("y")
        person.core.found = ops.REFUSED
        await pilot.press(*"fix", "enter")
        await settled(pilot)
        assert "type iris to promote" not in app.text()
        await pilot.press(*"iris", "enter", "y")
        await settled(pilot)
        assert not person.core.begun


async def test_where_only_a_reason_is_missing_y_asks_for_it() -> None:
    lacking = Check(CheckName.REASON, Verdict.REFUSE, "prod is protected: a change needs a reason", "--reason TEXT, or `r`")
    person = Person(replace(ops.PLAN, checks=(lacking, *ops.CHECKS)), PROTECTED, UNREASONED)
    async with stage(person.screen) as (app, pilot):
        assert "refused: reason" in app.text()
        await pilot.press("y")
        await settled(pilot)
        assert "why promote?" in app.text()
        person.core.found = ops.PLAN
        await pilot.press(*"fix", "enter")
        await settled(pilot)
        assert "type iris to promote" in app.text()
        assert not person.core.begun


async def test_where_more_is_missing_than_a_reason_y_does_nothing() -> None:
    lacking = Check(CheckName.REASON, Verdict.REFUSE, "prod is protected: a change needs a reason", "--reason TEXT, or `r`")
    person = Person(replace(ops.REFUSED, checks=(lacking, *ops.REFUSED.checks)), PROTECTED, UNREASONED)
    async with stage(person.screen) as (app, pilot):
        await pilot.press("y")
        await settled(pilot)
        assert "why promote?" not in app.text()


async def test_esc_closes_the_line_and_then_the_screen() -> None:
    person = Person(environment=PROTECTED)
    async with stage(person.screen) as (app, pilot):
        await pilot.press("y", "escape")
        await settled(pilot)
        assert isinstance(app.screen, PlanScreen)
        await pilot.press("escape")
        await settled(pilot)
        assert app.chosen is None
        assert not person.core.begun


async def test_what_nobody_can_begin_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    person = Person()

    def begin(plan: Plan) -> str:
        raise RunnerFailure("no process could be started: too many", hint="free some memory")

    monkeypatch.setattr(person.core, "begin", begin)
    async with stage(person.screen) as (app, pilot):
        await pilot.press("y")
        await settled(pilot)
        assert "no process could be started: too many" in app.text()
        assert "free some memory" in app.text()
        assert not person.begun


async def test_commands_are_folded_until_c_unfolds_them() -> None:
    async with stage(Person().screen, size=(120, 50)) as (app, pilot):
        assert "modeldeck.dev/version" in app.text()
        assert "set_registered_model_alias('iris', 'champion', '9')" not in " ".join(app.text().split())
        await pilot.press("c")
        await settled(pilot)
        await pilot.press("2", "G")
        await settled(pilot)
        assert "'champion', '9')" in app.text()


async def test_an_operation_on_several_deployments_tells_them_apart() -> None:
    targets = (replace(ops.TARGET, deployment="iris-eu"), ops.TARGET)
    steps = (ops.STEPS[1], replace(ops.STEPS[1], target=1))
    async with stage(Person(replace(ops.PLAN, targets=targets, steps=steps)).screen, size=(160, 50)) as (app, _):
        text = app.text()
        assert "Changes on serving/iris" in text
        assert "Changes on serving/iris-eu" in text
        first = next(line for line in text.splitlines() if " 1 patch template" in line)
        assert "serving/iris-eu" in first


STAGING = replace(ops.INTENT, deployment="iris-staging")


async def pick(app: Stage, pilot: Pilot[None], name: str) -> None:
    """Open the list of deployments that may follow, and choose one."""
    await pilot.press("a")
    await settled(pilot)
    assert isinstance(app.screen, Picker)
    app.screen.query_one("#choices", Table).select(f"serving/{name}")
    await pilot.press("enter")
    await settled(pilot)
    assert isinstance(app.screen, PlanScreen)


async def test_a_goes_on_to_another_deployment_as_one_operation() -> None:
    person = Person(intent=STAGING)
    async with stage(person.screen) as (app, pilot):
        await pilot.press("a")
        await settled(pilot)
        lines = app.text().splitlines()
        assert any("serving/iris " in line and "iris 7" in line for line in lines)
        assert any("serving/iris-eu " in line and "serves prod.iris: copied there first" in line for line in lines)
        assert not any("legacy-scorer" in line for line in lines)
        await pilot.press("escape")
        await settled(pilot)
        assert person.core.intents == [STAGING], "nothing was chosen"
        person.core.found = ops.STAGED
        await pick(app, pilot, "iris")
        assert person.core.intents[1:] == [replace(STAGING, then=("serving/iris",))]
        assert "promote iris  v7 → v9  on serving/iris-staging, then serving/iris  in prod" in app.text()
        assert not person.core.begun


async def test_a_part_is_taken_out_again() -> None:
    person = Person(intent=replace(STAGING, then=("serving/iris", "serving/iris-eu"), copy_to="prod.iris"))
    async with stage(person.screen) as (app, pilot):
        await pilot.press("a")
        await settled(pilot)
        assert app.text().count("part of it: enter takes it out") == 2
        await pilot.press("escape")
        await pick(app, pilot, "iris-eu")
        assert person.core.intents[-1] == replace(STAGING, then=("serving/iris",))


async def test_a_version_is_copied_to_the_model_that_is_served_there() -> None:
    person = Person(intent=STAGING)
    async with stage(person.screen) as (app, pilot):
        await pick(app, pilot, "iris-eu")
        assert person.core.intents[-1] == replace(STAGING, then=("serving/iris-eu",), copy_to="prod.iris")
        await pick(app, pilot, "iris-us")
        assert person.core.intents[-1] == replace(STAGING, then=("serving/iris-eu", "serving/iris-us"), copy_to="prod.iris")


async def test_a_second_other_model_is_refused_in_words() -> None:
    person = Person(intent=replace(STAGING, then=("serving/iris-eu",), copy_to="prod.iris"))
    async with stage(person.screen, size=(80, 24)) as (app, pilot):
        await pick(app, pilot, "wine")
        assert "not serving/wine: an operation copies to one other model, prod.iris" in app.text().splitlines()[-1]
        assert len(person.core.intents) == 1


async def test_a_refused_plan_can_be_led_elsewhere() -> None:
    person = Person(Refusal("deployment_not_found", "serving/gone: not found"), intent=replace(STAGING, then=("serving/gone",)))
    async with stage(person.screen) as (app, pilot):
        await pick(app, pilot, "gone")
        assert person.core.intents[-1] == STAGING


async def test_a_roll_back_goes_nowhere_else() -> None:
    person = Person(intent=replace(ops.INTENT, kind=Kind.ROLLBACK))
    async with stage(person.screen, size=(160, 50)) as (app, pilot):
        assert "a also (a roll-back is about one deployment)" in app.text().splitlines()[-1]
        await pilot.press("a")
        await settled(pilot)
        assert isinstance(app.screen, PlanScreen)


async def test_the_name_that_is_typed_is_the_last_ones() -> None:
    person = Person(ops.STAGED, PROTECTED, replace(STAGING, then=("serving/iris",)))
    async with stage(person.screen) as (app, pilot):
        await pilot.press("y", *"iris-staging", "enter")
        await settled(pilot)
        assert "that is not iris: nothing was done" in app.text()
        await pilot.press(*"iris", "enter")
        await settled(pilot)
        assert len(person.core.begun) == 1


async def test_a_name_that_was_asked_for_is_asked_for_anew() -> None:
    person = Person(ops.PLAN, PROTECTED, STAGING)
    async with stage(person.screen) as (app, pilot):
        await pilot.press("y")
        await settled(pilot)
        assert isinstance(app.screen, PlanScreen)
        app.screen.action_also()  # as a click on the footer does
        await settled(pilot)
        await pilot.press("enter")
        await settled(pilot)
        assert "type iris-staging" not in app.text()
        await pilot.press("y")
        await settled(pilot)
        assert "type iris to promote" in app.text()


@pytest.mark.parametrize("size", [(60, 20), (30, 10), (12, 5), (300, 90)])
async def test_no_terminal_is_too_small_or_too_large(size: tuple[int, int]) -> None:
    async with stage(Person(environment=PROTECTED).screen, size=size) as (app, pilot):
        await pilot.press("c", "2", "y")
        await settled(pilot)
        assert len(app.text().splitlines()) == size[1]


HOSTILE = "\x1b]0;x\x07[red]\u202eevil\n"


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_hostile_words_stay_words(size: tuple[int, int]) -> None:
    checks = tuple(Check(HOSTILE, verdict, HOSTILE, HOSTILE) for verdict in Verdict)  # type: ignore[arg-type]
    edits: dict[str, tuple[str | None, str | None]] = {f"/spec/{HOSTILE}": (HOSTILE, HOSTILE * 2), f"/{HOSTILE}": (None, HOSTILE)}
    steps = tuple(replace(step, before=HOSTILE, after=HOSTILE, command=HOSTILE) for step in ops.STEPS)
    plan = with_target(replace(ops.PLAN, checks=checks, steps=steps), slot_edits=edits, model=HOSTILE)
    person = Person(plan, replace(PROTECTED, name=HOSTILE))
    async with stage(person.screen, size=size) as (app, pilot):
        await pilot.press("y")
        await settled(pilot)
        assert all(character.isprintable() for line in app.text().splitlines() for character in line)
        assert "[red]" in app.text()
        assert all(len(line) == size[0] for line in app.text().splitlines())
