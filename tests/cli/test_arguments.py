"""What may be said on the command line: every `modeldeck …` of the documents is carried out on the fake world, and ends as it should."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from modeldeck.cli.arguments import VERBS, UsageError, flags_of, parse, parser
from modeldeck.cli.main import split_at_sandbox
from modeldeck.config.values import Flags
from modeldeck.domain.operations.exit_code import ExitCode
from modeldeck.sandbox import cli as sandbox
from tests.cli.conftest import Shell
from tests.support.documents import commands

ARGUMENTS = {
    "promote": "MODEL VERSION --deployment NS/NAME",
    "rollback": "NS/NAME",
    "operations show": "ID",
    "operations undo": "ID",
    "gate check": "FILE",
}
"""Of what the text calls by its name alone."""
DECISIONS = {"resume", "undo", "accept", "extend", "approve"}
"""Refused of the operation that stands in the journal here: it has ended."""


def variants(text: str) -> Iterator[str]:
    """What a synopsis stands for: `[x]` may be left out, `a | b ID` are two commands, and `A|B` one of two."""
    if optional := re.search(r" \[([^\]]+)\]", text):
        before, after = text[: optional.start()], text[optional.end() :]
        yield from variants(before + after)
        yield from itertools.chain.from_iterable(variants(f"{before} {each}{after}") for each in re.split(r" ?\| ?", optional[1]))
        return
    first, *others = text.split(" | ")
    yield first
    yield from (f"{' '.join(first.split()[:2])} {other}" for other in others)


def complete(text: str) -> str:
    named = " ".join(word for word in text.split()[1:] if not word.startswith("-"))
    return f"{text} {ARGUMENTS[named]}" if named in ARGUMENTS else text


TOLD = [" ".join(command.words) for command in commands() if command.words[0] == "modeldeck"]
COMMANDS = sorted({complete(each) for told in TOLD for each in variants(told)})


def prepared(shell: Shell, argv: list[str]) -> None:
    """The versions and deployments that a promotion names, the deployments serving version 1."""
    given = parse(argv)
    if given.verb != "promote":
        return
    shell.fake.registry.add(given.model, "1", given.version)
    if given.copy_to:
        shell.fake.registry.add(given.copy_to, "1")
    for key, model in itertools.zip_longest(given.deployment, [given.model], fillvalue=given.copy_to or given.model):
        namespace, _, name = key.partition("/")
        serves = {"name": "MODEL_URI", "value": f"models:/{model}/1"}
        containers = [{"name": "server", "image": "modeldeck/model-server:1", "env": [serves]}]
        shell.fake.cluster.add(namespace, name, containers, uid=f"uid of {key}")


@pytest.mark.parametrize("command", COMMANDS)
def test_it_ends_as_it_should(command: str, shell: Shell, tmp_path: Path) -> None:
    done = shell("promote", "iris", "2", "--deployment", "serving/iris", "--yes", "-o", "json").json
    (tmp_path / "gate.toml").write_text("max_p99 = 0.25\n")
    shell.fake.measured = any(f" {verb}" in command for verb in ("gate", "metrics", "live", "drift"))
    known = {"NS/NAME": "serving/iris", "MODEL": "iris", "NAME": "iris", "VERSION": "1", "RUN": "abc123", "ID": done["id"]}
    known |= {"FILE": str(tmp_path / "gate.toml"), "TEXT": "because", "COMMAND": "true", "TIME": "2001-03-01T14:05"}
    argv = [known.get(word, word) for word in command.split()[1:]]
    for one in [[verb, *argv[1:]] for verb in VERBS] if argv[0] == "VERB" else [argv]:
        held(one, shell)


def held(argv: list[str], shell: Shell) -> None:
    _, after = split_at_sandbox(argv)
    if "--help" in argv:
        with pytest.raises(SystemExit, match="0"):
            parse(argv) if after is None else sandbox.parser().parse_args(after)
    elif after is not None:
        assert shell(*argv).code == 0
        sandbox.parser().parse_args(shell.opened[-1][1])  # what it does then is in tests/sandbox/test_cli.py
    else:
        prepared(shell, argv)
        decides = bool(DECISIONS & set(argv))
        consent = ["--yes"] if decides or argv[0] in ("promote", "rollback") else []
        said = shell(*argv, *consent, *(["--count", "1"] if argv[0] == "live" else []))  # which else goes on
        # There is no MLflow at the shell's address.
        ends = ExitCode.REFUSED if decides else ExitCode.UNREACHABLE if argv[0] == "doctor" else ExitCode.DONE
        assert said.code == ends, said.err


@pytest.mark.parametrize(
    ("synopsis", "meant"),
    [
        ("modeldeck a [X|Y/Z]", ["modeldeck a", "modeldeck a X", "modeldeck a Y/Z"]),
        ("modeldeck a b | c ID | d", ["modeldeck a b", "modeldeck a c ID", "modeldeck a d"]),
        ("modeldeck a X [--to Y]", ["modeldeck a X", "modeldeck a X --to Y"]),
    ],
)
def test_a_synopsis_stands_for_several(synopsis: str, meant: list[str]) -> None:
    assert list(variants(synopsis)) == meant


@pytest.mark.parametrize("text", ["0", "-1", "86401", "nan", "soon", ""])
def test_no_numbers_of_seconds(text: str) -> None:
    with pytest.raises(UsageError, match=r"is no number of seconds|is not between 0 and 86400"):
        parse(["rollback", "serving/iris", "--deadline", text])


def test_what_was_not_said_is_nothing() -> None:
    assert flags_of(parse([])) == Flags()
    assert parse([]).verb is None
    assert flags_of(parse(["-n", "a", "status", "--read-only"])) == Flags(namespaces=("a",), read_only=True)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_stands_in_the_help(verb: str) -> None:
    assert f"\n  {verb} " in parser().format_help()
