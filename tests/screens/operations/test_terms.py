from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.operations.operation import Operation, Outcome, State
from modeldeck.screens.operations.terms import FIELDS, Term, matches, terms
from tests.support import operations as ops
from tests.support.plans import with_change

WORDS = st.text(st.characters(categories=("L", "N"), include_characters="@-_."), min_size=1, max_size=8)
OPERATIONS = st.builds(
    lambda base, actor, model, state, reason: with_change(replace(base, actor=actor, state=state, reason=reason), model=model),
    st.sampled_from(ops.ALL),
    WORDS,
    WORDS,
    st.sampled_from(State),
    WORDS,
)
TERMS = st.builds(
    lambda no, field, text: f"{'!' if no else ''}{f'{field}:' if field else ''}{text}",
    st.booleans(),
    st.sampled_from(["", *FIELDS]),
    WORDS,
)


def found(text: str, *, gone: bool = False) -> list[str]:
    return [operation.id for operation in ops.ALL if matches(terms(text), operation, gone)]


@pytest.mark.parametrize(
    ("text", "indices"),
    [
        ("", [0, 1, 2, 3, 4, 5, 6]),
        ("actor:bob", [1, 3]),
        ("ACTOR:Bob model:iris", [3]),
        ("outcome:undone", [2]),
        ('outcome:"needs attention"', [4]),
        ("state:running", [1]),
        ("state:waiting", [0]),
        ("state:ended !outcome:done", [2, 4, 5]),
        ("kind:rollback", [3]),
        ("deployment:wine", [1, 6]),
        ("to:9 outcome:refused", [5]),
        ("slow", [3]),
        ("!iris wine", [1, 6]),
        ("moved outcome:refused", [5]),
        ("env:staging", []),
        ("nothing:like-it", []),
    ],
)
def test_terms_and_words_all_have_to_hold(text: str, indices: list[int]) -> None:
    assert found(text) == [ops.ALL[index].id for index in indices]


def test_versions_are_whole() -> None:
    ten = with_change(ops.DONE, to_version="10")
    assert not matches(terms("to:1"), ten, False)
    assert matches(terms("to:10"), ten, False)


def test_what_was_cut_off_is_found_as_that() -> None:
    assert matches(terms("state:cut"), ops.JUDGING, True)
    assert not matches(terms("state:cut"), ops.JUDGING, False)
    assert matches(terms('"cut off"'), ops.JUDGING, True)


def test_it_is_found_by_each_of_its_deployments() -> None:
    several = replace(ops.DONE, changes=ops.STAGED.changes)
    for message in ("deployment:iris-staging", "deployment:serving/iris", "iris-staging"):
        assert all(term.holds(several, False) for term in terms(message))
    assert not any(term.holds(ops.DONE, False) for term in terms("deployment:iris-staging"))


def test_half_a_quote_is_taken_as_far_as_it_goes() -> None:
    assert terms('reason:"better rec') == (Term("reason", "better rec"),)
    assert terms("actor:") == (Term("", "actor:"),)


@given(st.text(max_size=60), OPERATIONS, st.booleans())
def test_whatever_is_typed_is_a_filter(text: str, operation: Operation, gone: bool) -> None:
    assert matches(terms(text), operation, gone) in (True, False)


@given(st.lists(TERMS, max_size=5), TERMS, OPERATIONS, st.booleans())
def test_one_more_term_never_finds_more_and_the_order_does_not_matter(
    typed: list[str], more: str, operation: Operation, gone: bool
) -> None:
    narrower = matches(terms(" ".join([*typed, more])), operation, gone)
    assert narrower is matches(terms(" ".join([more, *reversed(typed)])), operation, gone)
    assert not narrower or matches(terms(" ".join(typed)), operation, gone)


@given(st.sampled_from(["", *FIELDS]), WORDS, OPERATIONS, st.booleans())
def test_a_leading_exclamation_mark_finds_the_others(field: str, text: str, operation: Operation, gone: bool) -> None:
    term = f"{field}:{text}" if field else text
    assert matches(terms(term), operation, gone) is not matches(terms(f"!{term}"), operation, gone)


@given(st.sampled_from(sorted(FIELDS)), OPERATIONS, st.booleans())
def test_an_operation_is_found_by_each_of_its_own_fields_in_any_case(field: str, operation: Operation, gone: bool) -> None:
    value = FIELDS[field](operation, gone)
    if value and '"' not in value:
        assert matches(terms(f'{field}:"{value}"'), operation, gone)
        assert matches(terms(f'{field.upper()}:"{value.casefold()}"'), operation, gone)


@given(OPERATIONS, st.booleans())
def test_plain_words_look_in_every_field(operation: Operation, gone: bool) -> None:
    ended = replace(operation, outcome=Outcome.UNDONE)
    for value in (ended.actor, ended.last.model, ended.reason, ended.id, "undone"):
        assert matches(terms(f'"{value}"'), ended, gone)
