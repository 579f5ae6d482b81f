"""Which tests run which lines, so that a changed line meets just those."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

BUDGET = 20.0
"""Seconds of tests that a change has to pass, those that mirror the module first, then the quickest."""


@dataclass(frozen=True)
class Reach:
    """`seconds`: what each test costs; `lines`: the tests by module and line."""

    seconds: dict[str, float]
    lines: dict[str, dict[int, set[str]]]

    def tests(self, module: str, source: str, line: int) -> list[str]:
        """Those that run the line; of what is run at import only, those that run anything around it, and those that mirror the module: of a
        class that only holds values no test runs a line."""
        lines = self.lines.get(module, {})
        ends = len(source.splitlines())
        around = next((found for first, last in (*_spans(source, line), (1, ends)) if (found := _run(lines, first, last))), set())
        return self.affordable(module, lines.get(line) or around | {test for test in self.seconds if _mirror(module) in test})

    def affordable(self, module: str, tests: set[str]) -> list[str]:
        mirrored = _mirror(module)
        chosen: list[str] = []
        left = BUDGET
        for test in sorted(tests, key=lambda test: (mirrored not in test, self.seconds.get(test, 0.0), test)):
            left -= self.seconds.get(test, 0.0)
            if left < 0 and chosen:
                break
            chosen.append(test)
        return chosen

    def cost(self, tests: list[str]) -> float:
        return sum(self.seconds.get(test, 0.0) for test in tests)


def _mirror(module: str) -> str:
    return f"test_{Path(module).stem}.py::"


def function_of(test: str) -> str:
    """Without its parameters: they may hold anything."""
    return test.partition("[")[0]


def _run(lines: dict[int, set[str]], first: int, last: int) -> set[str]:
    return {test for line in range(first, last + 1) for test in lines.get(line, ())}


def _spans(source: str, line: int) -> list[tuple[int, int]]:
    """First and last lines of the functions and classes that hold a line, the innermost first."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    found = [(node.lineno, node.end_lineno or 0) for node in ast.walk(ast.parse(source)) if isinstance(node, kinds)]
    return sorted((span for span in found if span[0] <= line <= span[1]), key=lambda span: span[1] - span[0])
