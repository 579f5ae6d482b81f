"""Who we are to a backend: what is sent, and that it shows nowhere else."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.environments import Secret
from modeldeck.sources.http.credentials import Basic, Bearer, Nobody, credentials_of, inline_credentials, scrubbed

WORDS = st.text(st.characters(codec="utf-8", exclude_characters=":"), max_size=10)


@given(WORDS, st.text(st.characters(codec="utf-8"), max_size=10))
async def test_user_and_password_of_any_letters_arrive(user: str, password: str) -> None:
    sent = (await Basic(user, Secret(password)).headers(renew=False))["Authorization"]
    assert base64.b64decode(sent.removeprefix("Basic ")).decode() == f"{user}:{password}"


async def test_a_token_is_sent_without_the_end_of_its_line() -> None:
    assert await Bearer(Secret("abc\n")).headers(renew=True) == {"Authorization": "Bearer abc"}
    assert await Nobody().headers(renew=True) == {}


def test_a_token_comes_before_a_user_and_a_user_may_have_no_password() -> None:
    assert credentials_of("me", Secret("word"), Secret("tok")) == Bearer(Secret("tok"))
    assert credentials_of("me", None, None) == Basic("me", Secret(""))
    assert credentials_of("", Secret("word"), None) is None


@pytest.mark.parametrize(
    ("url", "clean", "user"),
    [
        ("http://host:1/base/", "http://host:1/base", None),
        (" http://host?token=x#y ", "http://host", None),
        ("http://me:p%40ss@host/", "http://host", Basic("me", Secret("p@ss"))),
        ("http://me@host", "http://host", Basic("me", Secret(""))),
        ("http://a@b:c@host", "http://host", Basic("a@b", Secret("c"))),
        ("http://[me:word@host", "invalid:", None),
    ],
)
def test_what_stands_in_an_address_is_taken_out_of_it(url: str, clean: str, user: Basic | None) -> None:
    assert inline_credentials(url) == (clean, user)


@given(st.text(), st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=8), st.text())
def test_what_was_sent_is_taken_out_of_what_comes_back(before: str, secret: str, after: str) -> None:
    body = f"{before}{secret}{after}".encode(errors="replace")
    assert secret.encode() not in scrubbed(body, [f"Bearer {secret}"])


def test_short_words_of_a_header_are_left_alone() -> None:
    assert scrubbed(b'{"a": "abc"}', ["abc"]) == b'{"a": "abc"}'
    assert scrubbed(b"token abcd is wrong", ["Bearer abcd"]).decode() == "token … is wrong"


def test_no_repr_shows_a_secret() -> None:
    assert "hunter2" not in repr((Basic("me", Secret("hunter2")), Bearer(Secret("hunter2"))))
