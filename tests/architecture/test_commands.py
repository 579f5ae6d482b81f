"""Every command of the documents is one that is there. What `modeldeck …` says is carried out in tests/cli/test_arguments.py."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable

import pytest
import yaml

from checks import __main__ as ci
from checks import steps
from modeldeck.config.keys import KEYS
from tests.support.documents import ROOT, Command, commands, commands_in

ELSEWHERE = {
    "install -d": "for root, on a host that a team shares; what the folder's rights do is in tests/operations/journal",
    "kubectl annotate": "by a person on their own cluster; that the annotation decides is in tests/domain/links",
    "kubectl rollout undo": "names what others do; that it is seen is in tests/operations/history",
    "kubectl set env": "likewise",
    "loginctl enable-linger": "changes a host for good",
    "mlflow models serve": "what a container runs, not its reader",
}
"""Commands that nothing here carries out: why not. Each by its beginning."""
MAKEFILE = (ROOT / "Makefile").read_text()
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
FOUND = commands()

Rule = Callable[[list[str], pytest.MonkeyPatch, pytest.Config], None]


def a_step(words: list[str], monkeypatch: pytest.MonkeyPatch, config: pytest.Config) -> None:
    """Of `.ci/run`, by its own parser."""
    monkeypatch.setattr(sys, "argv", ["lint" if word == "STEP" else word for word in words if word != "..."])
    if "--help" in words:
        with pytest.raises(SystemExit, match="0"):
            ci.arguments()
    else:
        ci.arguments()


def a_target(words: list[str], monkeypatch: pytest.MonkeyPatch, config: pytest.Config) -> None:
    """Of the Makefile; what it runs is held to the same rules."""
    [target] = words[1:]
    [recipe] = re.findall(rf"^{target}:.*\n\t@(.+)$", MAKEFILE, re.MULTILINE)
    command = Command("Makefile", re.sub(r"\$\(if .*?\)\)? ?|\$\(\w+\)|\)", "", recipe).rstrip())
    RULES[command.words[0]](command.words, monkeypatch, config)


def a_program(words: list[str], monkeypatch: pytest.MonkeyPatch, config: pytest.Config) -> None:
    """A module or a script, whose help names the options."""
    if words[1] == "-":
        return  # what it reads is run by tests/sandbox/test_whole.py
    if words[1] != "-m":
        assert (ROOT / words[1]).is_file()
        return
    found = importlib.util.find_spec(words[2])
    assert found, words
    assert found.submodule_search_locations is None or importlib.util.find_spec(f"{words[2]}.__main__")
    if options := [word for word in words[3:] if word.startswith("--")]:
        told = subprocess.run([sys.executable, "-m", words[2], "--help"], capture_output=True, text=True, cwd=ROOT, check=True).stdout
        assert all(option in told for option in options), told


def own_tests(words: list[str], monkeypatch: pytest.MonkeyPatch, config: pytest.Config) -> None:
    for word in words[1:]:
        if word.startswith("--"):
            config.getoption(word)
        elif word.startswith("tests/"):
            assert (ROOT / word).exists()


def packages(words: list[str], monkeypatch: pytest.MonkeyPatch, config: pytest.Config) -> None:
    """This project with an extra that it has, at the versions of the lock."""
    assert words[1] == "install"
    assert words[words.index("-c") + 1] == "requirements.lock"
    extra = re.fullmatch(r"\.\[(\w+)\]", words[-1])
    assert extra
    assert extra[1] in EXTRAS


def hooks(words: list[str], monkeypatch: pytest.MonkeyPatch, config: pytest.Config) -> None:
    """Of pre-commit: each is a step of ours, or several people would have several linters."""
    assert words[1:] == ["install"]
    subprocess.run([sys.executable, "-m", "pre_commit", "validate-config", ROOT / ".pre-commit-config.yaml"], check=True, cwd=ROOT)
    [repository] = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    for hook in repository["hooks"]:
        a_step(hook["entry"].split(), monkeypatch, config)


def variables(words: list[str], monkeypatch: pytest.MonkeyPatch, config: pytest.Config) -> None:
    assert {word.partition("=")[0] for word in words[1:]} <= {key.variable for key in KEYS}


RULES: dict[str, Rule] = {
    ".ci/run": a_step,
    "make": a_target,
    "python": a_program,
    "python3": a_program,
    "pytest": own_tests,
    "pip": packages,
    "pre-commit": hooks,
    "export": variables,
    "modeldeck": lambda words, monkeypatch, config: None,
}
"""What a command is held to, by its program."""


def elsewhere(command: Command) -> list[str]:
    return [beginning for beginning in ELSEWHERE if command.text.startswith(beginning)]


@pytest.mark.parametrize("command", FOUND, ids=str)
def test_every_command_is_one_that_is_there(command: Command, monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config) -> None:
    """A program that stands neither in RULES nor in ELSEWHERE has a command that nobody tries."""
    if not elsewhere(command):
        RULES[command.words[0]](command.words, monkeypatch, pytestconfig)


def test_nothing_is_left_out_that_is_not_there() -> None:
    assert {beginning for command in FOUND for beginning in elsewhere(command)} == ELSEWHERE.keys()


@pytest.mark.parametrize("name", ["start", "tests"])
def test_ci_carries_out_the_first_commands_whole(name: str) -> None:
    """Each of their parts is among those that are held to a rule, too."""
    parts = {command.text for command in commands_in("README.md", f"```sh\n{steps.readme(name)}\n```")}
    assert parts <= {command.text for command in FOUND}


def test_every_target_of_the_makefile_is_one_that_works(monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config) -> None:
    [told] = re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)
    assert sorted(told.split()) == sorted(re.findall(r"^(\w+):", MAKEFILE, re.MULTILINE))
    for target in told.split():
        a_target(["make", target], monkeypatch, pytestconfig)


TEXT = """\
Say `helm upgrade iris` or `SEED=7 make all`, not `make`; `gate check` is `modeldeck gate check`.
Neither `gate = "x"`, `controller: true`, `prefix ]` nor `status` is one.

```sh
terraform apply && modeldeck status   # once
eval "$(modeldeck sandbox env)"
python - <<'PYTHON'
import modeldeck
PYTHON
```

```
modeldeck doctor            each backend
 start      __main__
```
"""


def test_what_a_command_is() -> None:
    found = list(commands_in("README.md", TEXT))
    assert [command.text for command in found] == [
        "helm upgrade iris",
        "SEED=7 make all",
        "modeldeck gate check",
        "modeldeck gate check",
        "terraform apply",
        "modeldeck status",
        "modeldeck sandbox env",
        "python -",
        "modeldeck doctor",
    ]
    assert [command.stdin for command in found if command.stdin] == ["import modeldeck"]
    assert found[1].words == ["make", "all"]


@pytest.mark.parametrize(
    "text",
    [
        "terraform apply",
        "make nothing",
        ".ci/run nothing",
        "python -m tests.nothing",
        "python -m tests.crash --nothing",
        "pytest tests/nothing",
    ],
)
def test_a_command_that_is_not_there_is_found(text: str, monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config) -> None:
    with pytest.raises((AssertionError, KeyError, SystemExit, ValueError)):
        test_every_command_is_one_that_is_there(Command("README.md", text), monkeypatch, pytestconfig)
