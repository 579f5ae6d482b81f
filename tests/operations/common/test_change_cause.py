"""A change cause is read back as it was written, and nobody else's is taken for one of ours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.operations.intent import Kind
from modeldeck.operations.common.change_cause import ChangeCause, cause_of, is_ours
from modeldeck.operations.common.text import new_id, sanitize

message = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=30)
versions = st.integers(1, 10**6).map(str)


@given(
    kind=st.sampled_from((Kind.PROMOTE, Kind.ROLLBACK)),
    model=message.filter(lambda text: " -> " not in text),
    before=versions | st.none(),
    after=versions,
    actor=message,
    reason=st.just("") | message,
    at=st.floats(0, 4e9),
)
def test_it_is_read_back_as_it_was_written(
    kind: Kind, model: str, before: str | None, after: str, actor: str, reason: str, at: float
) -> None:
    cause = ChangeCause(new_id(at), kind, model, before, after, actor, reason)
    assert cause.text() == sanitize(cause.text(), limit=600)
    assert cause_of(cause.text()) == cause
    assert is_ours(cause.text())


@pytest.mark.parametrize(
    "text",
    ["", "nightly build 7", "kubectl set image", "modeldeck promote iris 1 -> 2 by ann@box", "modeldeck promote iris 1 -> 2 by x [7]"],
)
def test_without_an_operation_it_names_none(text: str) -> None:
    assert cause_of(text) is None
