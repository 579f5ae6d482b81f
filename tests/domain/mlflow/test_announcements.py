"""What an operation announces in the registry: under which key, in what words, and what is made of a tag that anybody wrote."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.mlflow.announcements import Announcement, announced_by_others, announcement_text, moving_tag

MINE, OTHER = "20260101-000000-aaaa", "20260101-000000-bbbb"
TEXTS = st.text(max_size=20)
ANNOUNCEMENTS = st.builds(
    Announcement, id=st.just(OTHER), deployment=TEXTS, uid=TEXTS, actor=TEXTS, at=TEXTS, from_version=TEXTS, to_version=TEXTS
)


@given(ANNOUNCEMENTS, st.text(st.characters(codec="utf-8"), min_size=1, max_size=255))
def test_what_one_operation_announces_another_reads(announced: Announcement, alias: str) -> None:
    tags = {moving_tag(alias, OTHER): announcement_text(announced)}
    assert announced_by_others(tags, alias) == (announced,)
    assert announced_by_others(tags, alias, MINE) == (announced,)
    assert announced_by_others(tags, alias, OTHER) == ()
    assert announced_by_others(tags, f"{alias}2") == ()


def test_the_tag_says_what_is_known_and_nothing_else() -> None:
    text = announcement_text(Announcement(OTHER, actor="jürgen@box", from_version="1", to_version="3"))
    assert text == '{"actor":"jürgen@box","from":"1","to":"3"}'


def test_those_who_announced_are_told_in_the_order_of_their_ids() -> None:
    tags = {moving_tag("champion", one): "{}" for one in (OTHER, MINE)} | {moving_tag("challenger", "x"): "{}", "team": "risk"}
    assert [one.id for one in announced_by_others(tags, "champion")] == [MINE, OTHER]


@pytest.mark.parametrize("text", ["", "yes", "{", "[]", '"words"', "null", "[" * 100_000], ids=lambda text: text[:8])
def test_a_tag_that_is_no_announcement_still_says_who(text: str) -> None:
    assert announced_by_others({moving_tag("champion", OTHER): text}, "champion") == (Announcement(OTHER),)


def test_only_words_are_read_and_no_more_of_them_than_are_written() -> None:
    long = "x" * 321
    assert json.loads(announcement_text(Announcement(OTHER, actor=long))) == {"actor": "x" * 320}
    body = json.dumps({"actor": long, "at": 5, "uid": None, "deployment": "serving/iris", "id": "somebody"})
    found = announced_by_others({moving_tag("champion", OTHER): body}, "champion")
    assert found == (Announcement(OTHER, deployment="serving/iris", actor="x" * 320),)


def test_a_long_alias_has_a_key_of_its_own_that_the_registry_takes() -> None:
    """Keys of up to 250 characters. Other consoles look for the same one, so that how it is made is a contract."""
    assert moving_tag("a" * 150, OTHER) == f"modeldeck.moving.{'a' * 150}.{OTHER}"
    one, other = moving_tag("a" * 151, OTHER), moving_tag("a" * 150 + "b", OTHER)
    assert one == f"modeldeck.moving.{'a' * 100}-5416d58d0995ead4.{OTHER}"
    assert one != other
    assert len(moving_tag("é" * 255, OTHER)) <= 250
