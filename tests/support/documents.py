"""What the documents give to copy."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from modeldeck.cli.arguments import VERBS

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
HEREDOC = re.compile(r"<<'?(\w+)'?$")
COMMAND = re.compile(r"(?:[A-Z_]+=\S+ )*(?:\.ci/run|\.venv/bin/\S+|[a-z][\w-]* [\w.-].*)")
"""Code in the text that is a command, and no name, key or value: more than a word, or a path to run."""


def document(name: str) -> str:
    """The text of a document, by its path in the repository."""
    return (ROOT / name).read_text()


def role() -> dict[str, Any]:
    """The Role with all that modeldeck needs to be allowed in a namespace."""
    [text] = re.findall(r"^```yaml\n(.*?)^```", document("README.md"), re.MULTILINE | re.DOTALL)
    found: dict[str, Any] = yaml.safe_load(text)
    return found


@dataclass(frozen=True)
class Command:
    """One command as a document has it, placeholders and all. `stdin` is what stands below it up to the mark of its here-document."""

    document: str
    text: str
    stdin: str = ""

    @property
    def words(self) -> list[str]:
        """Without variables in front; the program by its name, wherever it is installed."""
        found = shlex.split(self.text)
        while len(found) > 1 and re.match(r"[A-Z_]+=", found[0]):
            found.pop(0)
        return [found[0].removeprefix(".venv/bin/"), *found[1:]]

    def __str__(self) -> str:
        return f"{self.document}: {self.text}"


def commands() -> list[Command]:
    """Those of all documents, each once."""
    found = (command for path in DOCUMENTS for command in commands_in(path.relative_to(ROOT).as_posix(), path.read_text()))
    return list({command.text: command for command in found}.values())


def commands_in(name: str, text: str) -> Iterator[Command]:
    """Every line of shell blocks, lines of other blocks that begin with `modeldeck`, and code in the text that is a command."""
    for index, part in enumerate(re.split(r"^```", text, flags=re.MULTILINE)):
        if index % 2 == 0:
            for code in re.findall(r"`([^`\n]+)`", part):
                if COMMAND.match(code):
                    yield Command(name, f"modeldeck {code}" if code.split()[0] in VERBS else code)
        else:
            language, _, body = part.partition("\n")
            for command in _statements(name, body):
                if language == "sh" or command.text.startswith("modeldeck "):
                    yield command


def _statements(name: str, body: str) -> Iterator[Command]:
    lines = iter(body.splitlines())
    for line in lines:
        told = re.split(r"\s{2,}|\s#", line)[0]  # what follows is a comment
        if mark := HEREDOC.search(told):
            read = "\n".join(iter(lambda: next(lines), mark[1]))
            yield Command(name, told[: mark.start()].rstrip(), read)
            continue
        for part in told.split(" && "):
            evaluated = re.fullmatch(r'eval "\$\((.*)\)"', part)
            if command := evaluated[1] if evaluated else part:
                yield Command(name, command)
