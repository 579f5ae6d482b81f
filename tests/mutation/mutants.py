"""Random changes of a module, as cosmic-ray knows them: where each is, what it replaces by what."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from random import Random

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.ast.ast_query import ASTQuery
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

from tests.mutation.harmless import Change

POINTLESS = re.compile(
    r"core/(ReplaceUnaryOperator_USub_Invert$|ReplaceComparisonOperator_(?!Is_IsNot$|IsNot_Is$)((Is|IsNot)_\w+|\w+_(Is|IsNot))"
    r"|ReplaceBinaryOperator_\w+_(Pow|RShift|LShift|BitOr|BitAnd|BitXor))$"
)
"""`is` in place of `==` says the same of enums and short words, and `~` in place of `-` sorts the same; `<` in place of `is`, or bits of
what is no whole number, raise at once."""
UNCHANGED = ("name", "string", "newline", "endmarker", "fstring", "fstring_string", "fstring_start", "fstring_end")
"""What no operator changes, and half of all nodes."""
GUARDS = ("strict", "maxsize")
"""Arguments that change no result: that two rows are as long as each other, and how much a cache holds; as little as the cache itself."""
CUT = "sanitize"
"""Cuts words to a `limit`, where a letter more or less is none."""
_MUCH = 20
"""From here on one more or less of a module's own constant is a twentieth at most: how long, how often or how many, and no rule."""


@dataclass(frozen=True, order=True)
class Mutant:
    """One change that can be made: the `occurrence`-th of an operator in a module."""

    module: str
    position: tuple[int, int]
    operator: str
    occurrence: int
    function: str

    def apply(self, source: str) -> tuple[str, Change]:
        """The changed source, and what is changed in it."""
        changed: str = mutate_code(source, get_operator(self.operator)(), self.occurrence)
        olds, news = source.splitlines(), changed.splitlines()
        after = news[self.position[0] - 1] if len(news) == len(olds) else ""
        return changed, Change.between(self.module, self.function, olds[self.position[0] - 1], after)


def draw(modules: Iterable[Path], number: int, seed: int) -> list[Mutant]:
    """So many places, each with one of the changes that can be made there: a comparison, which has seven, is drawn no more often."""
    every = sorted(mutant for module in modules for mutant in mutants(module))
    places = [list(group) for _, group in groupby(every, key=lambda mutant: (mutant.module, mutant.position))]
    random = Random(seed)
    return sorted(random.choice(place) for place in random.sample(places, min(number, len(places))))


def mutants(module: Path) -> Iterator[Mutant]:
    """Every change but those of annotations, which nothing evaluates, of how a class is declared or a function is called, which types show,
    and of guards."""
    source = module.read_text()
    nodes = [node for node in ast_nodes(get_ast(source)) if node.type not in UNCHANGED]
    declared = list(_declarations(source))
    for name in operator_names():
        operator = get_operator(name)
        if POINTLESS.match(name) or operator.arguments():
            continue
        found = ((node, start) for node in nodes for start, _ in operator().mutation_positions(node))
        for occurrence, (node, start) in enumerate(found):
            if not any(begin <= start < end for begin, end in declared):
                yield Mutant(str(module), start, name, occurrence, ASTQuery(node).get_definition_name() or "")


def _declarations(source: str) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    for node in ast.walk(ast.parse(source)):
        found: list[ast.expr | None] = [getattr(node, "annotation", None), getattr(node, "returns", None)]
        decorators = getattr(node, "decorator_list", ())
        found += [each for each in decorators if isinstance(node, ast.ClassDef) or ast.unparse(each).startswith("lru_cache")]
        if isinstance(node, ast.keyword) and node.arg in GUARDS:
            found.append(node.value)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == CUT:
            found += [each.value for each in node.keywords if each.arg == "limit"]
        if isinstance(node, ast.Module):
            found += [each.value for each in node.body if isinstance(each, ast.Assign) and _is_much(each.value)]
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            found.append(node.test)
        for part in found:
            if part is not None:
                yield (part.lineno, part.col_offset - 1), (part.end_lineno or 0, part.end_col_offset or 0)
        if isinstance(node, ast.arguments) and node.kwonlyargs:
            yield _star(node)


def _is_much(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and isinstance(value.value, int | float) and value.value >= _MUCH


def _star(given: ast.arguments) -> tuple[tuple[int, int], tuple[int, int]]:
    """Between the last argument that may be given by its place, or its default, and the first that may not: a `*`, which no node is."""
    parts: list[ast.arg | ast.expr] = [*given.args, *given.defaults]
    before = max(((part.end_lineno or 0, part.end_col_offset or 0) for part in parts), default=None)
    first = given.kwonlyargs[0]
    return before or (first.lineno, max(0, first.col_offset - 4)), (first.lineno, first.col_offset)
