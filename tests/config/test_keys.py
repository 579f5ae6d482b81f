"""The table of settings."""

from __future__ import annotations

from dataclasses import fields

import pytest

from modeldeck.config.keys import ADDRESSES, BY_NAME, CONTROL_VARIABLES, KEYS, TABLES, Key, meant, spellings
from modeldeck.config.kinds import SECRET
from modeldeck.config.values import Flags


def test_no_name_variable_or_flag_is_given_twice() -> None:
    for names in ([key.name for key in KEYS], [key.variable for key in KEYS if key.variable], [key.flag for key in KEYS if key.flag]):
        assert len(set(names)) == len(names)
    assert not {key.variable for key in KEYS} & set(CONTROL_VARIABLES)


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.name)
def test_a_key_stands_in_a_known_table_or_at_the_top(key: Key) -> None:
    table, dot, _ = key.name.partition(".")
    assert (table in TABLES) == bool(dot)
    assert key.everywhere == (not dot), "what stands at the top may be for all environments"


def test_every_flag_about_settings_is_one_of_the_command_lines() -> None:
    assert {key.flag for key in KEYS if key.flag} == {field.name for field in fields(Flags)} - {"environment", "config"}


def test_whom_credentials_are_for_is_a_key_of_their_table() -> None:
    assert all(BY_NAME[name].name.startswith(f"{table}.") for table, name in ADDRESSES.items())


def test_a_secret_has_four_spellings_and_everything_else_one() -> None:
    for key in KEYS:
        assert len(spellings(key)) == (4 if key.kind is SECRET else 1)
        assert spellings(key)[0] == key.name
    assert spellings(BY_NAME["mlflow.token"])[1:] == ("mlflow.token_file", "mlflow.token_env", "mlflow.token_command")


@pytest.mark.parametrize(("word", "found"), [("urii", "did you mean `uri`?"), ("tokn", "did you mean `token`?"), ("xyz", "")])
def test_what_may_have_been_meant(word: str, found: str) -> None:
    assert meant(word, ["token", "uri"]) == found


def test_how_much_alike_is_for_the_caller_to_say() -> None:
    assert meant("urii", ["uri"], likeness=0.95) == ""
