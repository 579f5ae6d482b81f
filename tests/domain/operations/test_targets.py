from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.operations import targets
from modeldeck.domain.operations.intent import Intent, Kind
from tests.support import sample

WANTED = Intent(Kind.PROMOTE, "serving", "staging", "iris", "9", "ann@box")
ROWS = sample.rows(
    {
        "wine": "models:/wine/4",
        "staging": "models:/iris/8",
        "prod-b": "models:/prod.iris/4",
        "prod-a": "models:/prod.iris/3",
        "unlinked": None,
        "iris": "models:/iris/7",
        "by-run": "runs:/0123456789abcdef0123456789abcdef/model",
    }
)


def option(wanted: Intent, key: str) -> targets.Option:
    return next(option for option in targets.options(wanted, ROWS) if option.key == key)


def choose(wanted: Intent, key: str) -> Intent:
    chosen = option(wanted, key).wanted
    assert chosen is not None
    return chosen


def test_those_of_the_model_first_then_those_that_need_a_copy_and_what_each_serves_now() -> None:
    assert [(found.key, found.message) for found in targets.options(WANTED, ROWS)] == [
        ("serving/by-run", "? ?"),
        ("serving/iris", "iris 7"),
        ("serving/prod-a", "serves prod.iris: copied there first"),
        ("serving/prod-b", "serves prod.iris: copied there first"),
        ("serving/wine", "serves wine: copied there first"),
    ]


def test_one_of_the_same_model_follows_without_a_copy() -> None:
    assert choose(WANTED, "serving/iris") == replace(WANTED, then=("serving/iris",))


def test_one_of_another_model_brings_the_copy_and_takes_it_along_when_it_goes() -> None:
    both = choose(choose(WANTED, "serving/prod-a"), "serving/iris")
    assert both == replace(WANTED, then=("serving/prod-a", "serving/iris"), copy_to="prod.iris")
    assert choose(both, "serving/iris") == replace(WANTED, then=("serving/prod-a",), copy_to="prod.iris")
    assert choose(both, "serving/prod-a") == replace(WANTED, then=("serving/iris",))


def test_parts_are_listed_first_in_their_order_and_can_be_taken_out() -> None:
    wanted = choose(choose(WANTED, "serving/prod-a"), "serving/iris")
    first, second, *_ = targets.options(wanted, ROWS)
    assert (first.key, second.key) == ("serving/prod-a", "serving/iris")
    assert first.message == second.message == "part of it: enter takes it out"


def test_a_part_that_is_gone_can_be_taken_out() -> None:
    assert choose(replace(WANTED, then=("serving/gone",)), "serving/gone") == WANTED


def test_two_other_models_are_one_too_many() -> None:
    wanted = choose(WANTED, "serving/prod-a")
    assert choose(wanted, "serving/prod-b").then == ("serving/prod-a", "serving/prod-b")
    refused = targets.options(wanted, ROWS)[-1]
    assert (refused.key, refused.message, refused.wanted) == ("serving/wine", "serves wine: the copy goes to prod.iris", None)
    assert refused.why_not == "not serving/wine: an operation copies to one other model, prod.iris"
    assert choose(choose(wanted, "serving/prod-a"), "serving/wine").copy_to == "wine"


def test_a_roll_back_goes_nowhere_else() -> None:
    back = replace(WANTED, kind=Kind.ROLLBACK)
    assert targets.why_alone(back) == "a roll-back is about one deployment"
    assert targets.options(back, ROWS) == ()
    assert not targets.why_alone(WANTED)


@pytest.mark.parametrize(("then", "name"), [((), "staging"), (("serving/iris",), "iris"), (("a/b", "c/d"), "d")])
def test_the_last_one_is_named_in_a_protected_environment(then: tuple[str, ...], name: str) -> None:
    assert targets.last_name(replace(WANTED, then=then)) == name


@given(st.lists(st.integers(0, 5), max_size=12))
def test_whatever_is_chosen_the_parts_differ_and_a_copy_is_one_that_a_part_needs(choices: list[int]) -> None:
    wanted = WANTED
    models = {row.key: row.model for row in ROWS}
    for number in choices:
        found = targets.options(wanted, ROWS)
        wanted = found[number % len(found)].wanted or wanted
        assert len(set(targets.keys(wanted))) == len(targets.keys(wanted))
        others = {models[key] for key in wanted.then} - {"iris", None}
        assert others == ({wanted.copy_to} if wanted.copy_to else set())


def test_what_can_follow_comes_before_what_cannot_whatever_their_names() -> None:
    rows = sample.rows({"a-wine": "models:/wine/4", "b-prod": "models:/prod.iris/3", "z-iris": "models:/iris/7"})
    assert [found.key for found in targets.options(WANTED, rows)] == ["serving/z-iris", "serving/a-wine", "serving/b-prod"]
    copied = replace(WANTED, copy_to="prod.iris")
    assert [found.key for found in targets.options(copied, rows)] == ["serving/z-iris", "serving/b-prod", "serving/a-wine"]
