"""`modeldeck register`."""

from __future__ import annotations

from modeldeck.domain.failures import Forbidden
from tests.cli.conftest import Shell


def test_register_makes_a_version(shell: Shell) -> None:
    said = shell("register", "abc123", "--model", "iris", "-o", "json")
    assert said.code == 0
    assert (said.json["model"], said.json["version"], said.json["run_id"]) == ("iris", "4", "abc123")
    assert shell("register", "abc123", "--model", "a/b").code == 3
    assert shell("register", "abc123", "--model", "iris", "--read-only", "-o", "json").json["error"]["code"] == "read_only"


def test_a_failure_anywhere_is_words_and_a_code(shell: Shell) -> None:
    shell.fake.traps.fail("create_version", Forbidden("no EDIT on iris", backend="MLflow"))
    said = shell("register", "abc", "--model", "iris", "-o", "json")
    assert said.code == 3
    assert said.json["error"]["code"] == "forbidden"
