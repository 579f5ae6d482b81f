"""The words of invalid fields, and which names are none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubesim.api.validation_messages import (
    DNS_LABEL,
    DNS_SUBDOMAIN,
    duplicate,
    label_problem,
    name_problem,
    not_supported,
    required,
    too_small,
    wrong,
)

PARTS = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,8}[a-z0-9])?", fullmatch=True)


@given(st.lists(PARTS, min_size=1, max_size=4))
def test_labels_joined_by_dots_are_a_subdomain(parts: list[str]) -> None:
    assert all(name_problem(part, DNS_LABEL) is None for part in parts)
    assert name_problem(".".join(parts), DNS_SUBDOMAIN) is None
    assert (name_problem(".".join(parts), DNS_LABEL) is None) == (len(parts) == 1)


@pytest.mark.parametrize("name", ["", "-a", "a-", "A", "a_b", "a..b", ".a", "a b", "ä", "a\n"])
def test_no_names(name: str) -> None:
    problem = name_problem(name, DNS_SUBDOMAIN)
    assert problem
    assert problem.startswith("a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.'")


def test_a_name_may_be_so_long_and_no_longer() -> None:
    assert name_problem("a" * 63, DNS_LABEL) is name_problem("a" * 253, DNS_SUBDOMAIN) is None
    assert name_problem("a" * 64, DNS_LABEL) == "must be no more than 63 bytes"
    assert name_problem("a" * 254, DNS_SUBDOMAIN) == "must be no more than 253 characters"


@pytest.mark.parametrize("key", ["app", "App.kubernetes_io-1", "modeldeck.dev/model", "a" * 63, "example.com/" + "a" * 63])
def test_qualified_names(key: str) -> None:
    assert label_problem(key) is None


@pytest.mark.parametrize(
    ("key", "part"),
    [("", "name"), ("-a", "name"), ("a" * 64, "name"), ("a/", "name"), ("/a", "prefix"), ("Example.com/a", "prefix"), ("a/b/c", "prefix")],
)
def test_which_part_of_a_key_is_wrong(key: str, part: str) -> None:
    problem = label_problem(key)
    assert problem
    assert problem.startswith(f"{part} part ")


def test_the_words_are_apimachinerys() -> None:
    assert wrong("spec.x", "a", "is bad").message == 'Invalid value: "a": is bad'
    assert too_small("spec.replicas", -1).message == "Invalid value: -1: must be greater than or equal to 0"
    assert (required("spec").message, required("spec", "say it").message) == ("Required value", "Required value: say it")
    assert duplicate("spec.x", "a").message == 'Duplicate value: "a"'
    assert not_supported("spec.type", "x", ("A", "B")).message == 'Unsupported value: "x": supported values: "A", "B"'


def test_each_has_its_reason_and_its_field() -> None:
    causes = [wrong("f", 1, ""), required("f"), duplicate("f", 1), not_supported("f", 1, ())]
    assert [cause.reason.removeprefix("FieldValue") for cause in causes] == ["Invalid", "Required", "Duplicate", "NotSupported"]
    assert {cause.field for cause in causes} == {"f"}
