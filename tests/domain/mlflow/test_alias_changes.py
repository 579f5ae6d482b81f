"""Moves of aliases between two readings: each once, none invented, and applied to the first reading they give the second."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.mlflow.alias_changes import AliasMove, Pointers, alias_moves, pointers_of
from modeldeck.domain.mlflow.registry import RegisteredModel

names = st.sampled_from(["iris", "wine", "fraud"])
aliases = st.dictionaries(st.sampled_from(["champion", "challenger", "best"]), st.sampled_from("123"), max_size=3)
readings = st.dictionaries(names, st.builds(Pointers, aliases, st.sampled_from([None, 1.0, 2.0])), max_size=3)


def one(born: float | None = 1.0, **aliases: str) -> dict[str, Pointers]:
    return {"iris": Pointers(aliases, born)}


def test_moved_set_and_deleted() -> None:
    assert alias_moves(one(champion="1", best="2"), one(champion="3", challenger="2")) == (
        AliasMove("iris", "best", "2", None),
        AliasMove("iris", "challenger", None, "2"),
        AliasMove("iris", "champion", "1", "3"),
    )


def test_a_model_made_anew_loses_its_aliases_first_even_where_they_name_the_same_version() -> None:
    assert alias_moves(one(1.0, champion="1"), one(2.0, champion="1")) == (
        AliasMove("iris", "champion", "1", None),
        AliasMove("iris", "champion", None, "1"),
    )


def test_a_model_that_comes_into_view_has_not_moved_but_one_that_is_new_has() -> None:
    assert alias_moves({}, one(born=5.0, champion="1")) == ()
    assert alias_moves({}, one(born=5.0, champion="1"), since=9.0) == ()
    assert alias_moves({}, one(born=None, champion="1"), since=9.0) == ()
    assert alias_moves({}, one(born=9.5, champion="1"), since=9.0) == (AliasMove("iris", "champion", None, "1"),)


def test_a_model_that_may_not_be_seen_any_more_has_not_moved() -> None:
    assert alias_moves(one(champion="1"), {}) == ()


def test_from_registered_models() -> None:
    assert pointers_of((RegisteredModel("iris", {"champion": "1"}, created_at=4.0),)) == {"iris": Pointers({"champion": "1"}, 4.0)}


@given(before=readings, after=readings, since=st.none() | st.floats(0.0, 3.0))
def test_applied_to_the_first_reading_they_give_the_second(
    before: Mapping[str, Pointers], after: Mapping[str, Pointers], since: float | None
) -> None:
    standing = {(model, alias): version for model, pointers in before.items() for alias, version in pointers.aliases.items()}
    moves = alias_moves(before, after, since=since)
    for move in moves:
        assert standing.get((move.model, move.alias)) == move.from_version != move.to_version
        if move.to_version is None:
            del standing[move.model, move.alias]
        else:
            standing[move.model, move.alias] = move.to_version
    for model in before.keys() & after.keys():
        assert {alias: version for (name, alias), version in standing.items() if name == model} == after[model].aliases
    assert {move.model for move in moves} <= after.keys()


@given(reading=readings, since=st.none() | st.floats(0.0, 3.0))
def test_nothing_moves_between_equal_readings(reading: Mapping[str, Pointers], since: float | None) -> None:
    assert alias_moves(reading, reading, since=since) == ()
