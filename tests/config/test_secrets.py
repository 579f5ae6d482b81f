from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from modeldeck import pipes
from modeldeck.config import ConfigErrors, Flags, resolve, secrets, show, show_text
from modeldeck.config.secrets import Form, read, vault
from modeldeck.domain.environments import Secret
from tests.config.conftest import Machine

HIDDEN = "hunter2-very-secret"


def token_of(machine: Machine, line: str, variables: dict[str, str] | None = None) -> str:
    machine.write(f'[environments.prod.mlflow]\nuri = "https://host"\n{line}\n')
    mlflow = machine.good(variables=variables).environment.mlflow
    assert mlflow is not None
    assert mlflow.token is not None
    return mlflow.token.reveal()


def test_the_four_places_of_a_secret(machine: Machine) -> None:
    (machine.home / "token").write_text(HIDDEN + "\n")
    assert token_of(machine, f'token = "{HIDDEN}"') == HIDDEN
    assert token_of(machine, 'token_file = "token"') == HIDDEN
    assert token_of(machine, 'token_env = "THE_TOKEN"', {"THE_TOKEN": HIDDEN}) == HIDDEN
    assert token_of(machine, f"token_command = ['{sys.executable}', '-c', 'print(\"{HIDDEN}\")']") == HIDDEN


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('token_file = "nowhere"', "cannot read"),
        ('token_env = "NOT_SET"', "NOT_SET is not set"),
        ('token_command = "false"', "false ended with exit code 1"),
        ('token_command = "true"', "true printed nothing"),
        ('token_command = "no-such-program-anywhere"', "cannot run no-such-program-anywhere"),
    ],
)
def test_a_secret_that_cannot_be_had(machine: Machine, line: str, message: str) -> None:
    machine.write(f'[environments.prod.mlflow]\nuri = "https://host"\n{line}\n')
    (problem,) = machine.bad()
    assert message in problem.message
    assert problem.where == f"{machine.config}:3"


def test_two_places_for_one_secret(machine: Machine) -> None:
    machine.write('[environments.prod.mlflow]\nuri = "https://host"\ntoken_env = "A"\ntoken_file = "b"\n')
    (problem,) = machine.bad(variables={"A": HIDDEN})
    assert problem.where == f"{machine.config}:4"
    assert "token, token_file, token_env, token_command" in problem.message


def test_only_the_environment_that_is_opened_has_its_secrets_read(machine: Machine) -> None:
    (machine.home / "token").write_text(HIDDEN)
    machine.write(
        """\
[environments.a.mlflow]
uri = "https://a"
token_file = "token"
[environments.b.mlflow]
uri = "https://b"
token_command = "false"
"""
    )
    a, b = machine.good().environments
    assert a.mlflow is not None
    assert b.mlflow is not None
    assert a.mlflow.token is not None
    assert b.mlflow.token is None


def test_a_secret_others_can_read_is_said(machine: Machine) -> None:
    machine.write(f'[environments.prod.mlflow]\nuri = "https://me:{HIDDEN}@host"\n')
    machine.config.chmod(0o644)
    (warning,) = machine.good().warnings
    assert warning.where == f"{machine.config}:2"
    assert f"chmod 600 {machine.config}" in warning.hint
    machine.config.chmod(0o600)
    assert machine.good().warnings == ()


def test_nothing_that_is_shown_holds_a_secret(machine: Machine) -> None:
    machine.write(
        f"""\
[environments.prod.mlflow]
uri = "https://me:{HIDDEN}@host"
[environments.prod.prometheus]
url = "https://prometheus"
token = "{HIDDEN}"
headers = {{ Authorization = "{HIDDEN}" }}
"""
    )
    resolved = machine.good(variables={"MLFLOW_TRACKING_TOKEN": HIDDEN})
    mlflow = resolved.environment.mlflow
    shown = [json.dumps(show(resolved)), show_text(resolved), repr(mlflow), *map(str, resolved.warnings)]
    assert all(HIDDEN not in text for text in shown)
    assert "********" in shown[1]
    assert repr(Secret(HIDDEN)) == str(Secret(HIDDEN)) == "Secret(…)"


@pytest.mark.parametrize("line", [f'uri = "http//{HIDDEN}@"', f'token = ["{HIDDEN}"]', f'password = "{HIDDEN}"\npassword_file = "x"'])
def test_no_error_quotes_a_secret(machine: Machine, line: str) -> None:
    machine.write(f"[environments.prod.mlflow]\n{line}\n")
    result = resolve(Flags(), machine.environ(), home=machine.home)
    message = repr(result.problems) if isinstance(result, ConfigErrors) else repr(result.warnings)
    assert HIDDEN not in message


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('token_file = "/dev/zero"', "too large"),
        ('token_file = "pipe"', "gave nothing in 0.1 s"),
        ('token_file = "large"', "too large"),
        (f"token_command = ['{sys.executable}', '-c', 'while True: print(9)']", "too large"),
        (f"token_command = ['{sys.executable}', '-c', 'import time; time.sleep(60)']", "gave no answer in 0.3 s"),
        (f"token_command = ['{sys.executable}', '-c', 'import os, time; os.close(1); time.sleep(60)']", "gave no answer in 0.3 s"),
        (r'token_command = "a\u0000b"', "no command may"),
        (r'token_file = "a\u0000b"', "no file's may"),
    ],
)
def test_a_secret_without_an_end(machine: Machine, line: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipes, "PIPE_SECONDS", 0.1)
    if "0.3" in message:
        monkeypatch.setattr(secrets, "COMMAND_SECONDS", 0.3)
    (machine.home / "large").write_text("x" * 100_000)
    os.mkfifo(machine.home / "pipe")
    machine.write(f'[environments.prod.mlflow]\nuri = "https://host"\n{line}\n')
    (problem,) = machine.bad()
    assert message in problem.message


def test_a_secret_of_an_editor_that_writes_a_byte_order_mark_is_the_secret_alone(tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(b"\xef\xbb\xbfabc\r\n")
    assert read(vault(Form.FILE, "token", tmp_path), {}).reveal() == "abc"
