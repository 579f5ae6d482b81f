from __future__ import annotations

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from modeldeck.config.lines import lines_of

TEXT = '''\
# a comment with = and [brackets]
default = "prod" # trailing
"quoted key" = 1
a.b.c = 1.5

[environments."my prod"] # comment
text = """
not = "a key"
[nor.a.table]
\\""" still in
"""
raw = \'\'\'
x = 1\'\'\'
after = 2
list = [
  "one", # comment with ]
  { inner = 1 },
]
inline = { one = 1, two = { three = [1, 2], four = "}" }, five.six = 7 }
[[many]]
last = 1979-05-27T07:32:00Z
"\\u00e9t\\u00e9" = true
[[many]]
last = 1
[[many.inner]]
deep = 1
[many.table]
deep = [[1, 2], [{ deeper = 1 },
  { deeper = 2 }]]
'''


def test_each_key_has_its_line() -> None:
    tomllib.loads(TEXT)
    lines = lines_of(TEXT)
    assert lines[("default",)] == 2
    assert lines[("quoted key",)] == 3
    assert lines[("a",)] == lines[("a", "b", "c")] == 4
    prod = ("environments", "my prod")
    assert {key[-1]: line for key, line in lines.items() if key[:2] == prod and len(key) == 3} == {
        "text": 7,
        "raw": 12,
        "after": 14,
        "list": 15,
        "inline": 19,
    }
    assert lines[(*prod, "inline", "two", "four")] == lines[(*prod, "inline", "five", "six")] == 19
    assert lines[(*prod, "list", "1", "inner")] == 17
    assert lines[("many", "0")] == 20
    assert lines[("many", "0", "last")] == 21
    assert lines[("many", "0", "été")] == 22
    assert lines[("many", "1", "last")] == 24
    assert lines[("many", "1", "inner", "0", "deep")] == 26
    assert lines[("many", "1", "table", "deep")] == lines[("many", "1", "table", "deep", "1", "0", "deeper")] == 28
    assert lines[("many", "1", "table", "deep", "1", "1", "deeper")] == 29
    assert ("nor",) not in lines
    assert (*prod, "x") not in lines


KEY = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=8)
VALUE = st.recursive(
    st.one_of(st.integers(), st.booleans(), st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEY, inner, max_size=3)),
    max_leaves=6,
)


def quoted(text: str) -> str:
    return '"' + "".join(f"\\U{ord(char):08x}" if not char.isalnum() or ord(char) > 126 else char for char in text) + '"'


def literal(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[\n" + ",".join(f"{literal(each)}\n" for each in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quoted(key)} = {literal(each)}" for key, each in value.items()) + "}"
    return quoted(value) if isinstance(value, str) else str(value)


@given(st.dictionaries(KEY, VALUE, max_size=5), st.lists(st.sampled_from(["", "# x = [", "\t# '''"]), min_size=5, max_size=5))
def test_any_table_gives_the_lines_it_was_written_on(table: dict[str, object], between: list[str]) -> None:
    text, expected = "[top]\n", {}
    for (key, value), gap in zip(table.items(), between, strict=False):
        text += gap + "\n"
        expected[("top", key)] = text.count("\n") + 1
        text += f"{quoted(key)} = {literal(value)} # '\n"
    assert tomllib.loads(text).get("top", {}) == table
    lines = lines_of(text)
    assert {key: line for key, line in lines.items() if len(key) == 2} == expected
