"""Values of settings: what is read, and what was expected where nothing can be."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.config import kinds
from modeldeck.config.kinds import InvalidValue, SettingKind, named, shown, without_userinfo

TOML = st.recursive(
    st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
ALL = {name: kind for name, kind in vars(kinds).items() if isinstance(kind, SettingKind)}
ADDRESSES = st.sampled_from(["http", "https", "postgresql"]).flatmap(
    lambda scheme: st.builds(lambda user, rest: f"{scheme}://{user}@{rest}", st.text(min_size=1), st.sampled_from(["host", "host:1/a/b"]))
)


T = TypeVar("T")


def refusal(read: Callable[[T], object], value: T) -> str:
    """Its words; "expected nothing else" where the value is read."""
    try:
        read(value)
    except InvalidValue as refused:
        return str(refused)
    return "expected nothing else"


@pytest.mark.parametrize("name", ALL)
@given(value=TOML)
def test_any_value_is_read_or_refused_with_what_was_expected(name: str, value: object) -> None:
    assert refusal(ALL[name].from_toml, value).startswith("expected ")


@pytest.mark.parametrize("name", ALL)
@given(text=st.text(max_size=12))
def test_any_text_is_read_or_refused_with_what_was_expected(name: str, text: str) -> None:
    assert refusal(ALL[name].from_text, text).startswith("expected ")


@pytest.mark.parametrize(
    ("kind", "value", "read"),
    [
        (kinds.TEXT, "a b", "a b"),
        (kinds.WORD, "prod-eu_1.2", "prod-eu_1.2"),
        (kinds.HTTP, "HTTP://host:9090/", "HTTP://host:9090"),
        (kinds.HTTP, "https://[::1]:9090/base?x=1", "https://[::1]:9090/base?x=1"),
        (kinds.TRACKING_URI, "https://host/", "https://host"),
        (kinds.TRACKING_URI, "sqlite:///mlflow.db", "sqlite:///mlflow.db"),
        (kinds.TRACKING_URI, "./mlruns", "./mlruns"),
        (kinds.SWITCH, True, True),
        (kinds.SECONDS, 5, 5.0),
        (kinds.SECONDS, kinds.SHORTEST, 0.5),
        (kinds.SECONDS, kinds.LONGEST, 3600.0),
        (kinds.NAMESPACES, "serving", ("serving",)),
        (kinds.NAMESPACES, ["a", "*"], ("a", "*")),
        (kinds.HEADERS, {"X-Scope-OrgID": "ml"}, {"X-Scope-OrgID": "ml"}),
        (kinds.IMAGES, "r/{model}:{version}", ("r/{model}:{version}",)),
        (kinds.LABELS, {"app": "iris"}, (("app", "iris"),)),
        (kinds.CHOSEN, {"a/b": ["server", "other/env/X"]}, (("a/b", "server,other/env/X"),)),
        (kinds.STATED, {"m:x": "version"}, (("m:x", "version"),)),
    ],
)
def test_what_is_read(kind: SettingKind, value: object, read: object) -> None:
    assert kind.from_toml(value) == read


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        (kinds.TEXT, "", "found an empty string"),
        (kinds.TEXT, "a\nb", "found a control character"),
        (kinds.TEXT, "a\x7fb", "found a control character"),
        (kinds.WORD, "a b", "found 'a b'"),
        (kinds.HTTP, "ftp://me:word@host/?token=x", "found 'ftp://host/?…'"),
        (kinds.HTTP, "http://host:0", "an http(s) address"),
        (kinds.HTTP, "http://host:65536", "an http(s) address"),
        (kinds.HTTP, "http://a b", "an http(s) address"),
        (kinds.TRACKING_URI, "host:5000/x", "did you mean 'http://host:5000/x'?"),
        (kinds.TRACKING_URI, "http://", "an http(s) address"),
        (kinds.SWITCH, 1, "found an integer"),
        (kinds.SECONDS, True, "found a boolean"),
        (kinds.SECONDS, 0.4, "expected 0.5 to 3600 seconds, found 0.4"),
        (kinds.SECONDS, 3601, "found 3601"),
        (kinds.NAMESPACES, ["a", "B"], "found 'B'"),
        (kinds.NAMESPACES, "a" * 64, "expected a namespace"),
        (kinds.NAMESPACES, 3, "expected an array of namespaces, found an integer"),
        (kinds.HEADERS, {"a b": "x"}, "expected a header name, found 'a b'"),
        (kinds.HEADERS, {"a": "x\ny"}, "a printable string for the header a"),
        (kinds.IMAGES, "r/iris", "{version} once"),
        (kinds.IMAGES, "r/{version}:{version}", "{version} once"),
        (kinds.CHOSEN, {"iris": "server"}, "expected a deployment as 'namespace/name', found 'iris'"),
        (kinds.STATED, {"1m": "version"}, "expected the name of a metric"),
        (kinds.STATED, {"m": "a-b"}, "expected the name of a label"),
    ],
)
def test_what_is_refused_is_told_what_was_expected(kind: SettingKind, value: object, message: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        kind.from_toml(value)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("kind", "text", "read"),
    [
        (kinds.SWITCH, " Yes ", True),
        (kinds.SWITCH, "off", False),
        (kinds.SECONDS, "2.5", 2.5),
        (kinds.NAMESPACES, "a, b", ("a", "b")),
        (kinds.NAMESPACES, "*", ("*",)),
    ],
)
def test_flags_and_variables_are_text(kind: SettingKind, text: str, read: object) -> None:
    assert kind.from_text(text) == read


@pytest.mark.parametrize(
    ("kind", "text"), [(kinds.SWITCH, "maybe"), (kinds.SECONDS, "soon"), (kinds.SECONDS, "nan"), (kinds.HEADERS, "a=b")]
)
def test_text_that_says_nothing_is_refused(kind: SettingKind, text: str) -> None:
    with pytest.raises(InvalidValue):
        kind.from_text(text)


@given(ADDRESSES)
def test_an_address_loses_all_before_its_last_at(address: str) -> None:
    rest = address.partition("://")[2].partition("/")[0]
    host = rest.rpartition("@")[2]
    assert without_userinfo(address).startswith(f"{address.partition('://')[0]}://{host}")
    assert without_userinfo(without_userinfo(address)) == without_userinfo(address)


@pytest.mark.parametrize(
    ("address", "seen"),
    [
        ("http://host/a", "http://host/a"),
        ("http://me:word@host/a@b", "http://host/a@b"),
        ("http://host?token=x", "http://host?…"),
        ("http://host/a#token", "http://host/a?…"),
        ("me:word@host", "host"),
    ],
)
def test_an_address_is_shown_without_what_may_be_a_secret(address: str, seen: str) -> None:
    assert shown(address) == seen


@pytest.mark.parametrize(("value", "name"), [(True, "a boolean"), (1, "an integer"), (1.0, "a float"), ([], "an array"), ({}, "a table")])
def test_types_have_tomls_names(value: object, name: str) -> None:
    assert named(value) == name
