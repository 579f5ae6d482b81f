"""Names that the cluster makes up."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from kubesim.api.naming import generated, random_suffix, template_hash
from kubesim.api.validation_messages import DNS_SUBDOMAIN, name_problem

TEMPLATES = st.dictionaries(st.text("ab", max_size=2), st.integers(0, 9) | st.text("xy", max_size=2), max_size=3)
SIGNS = re.compile("[bcdfghjklmnpqrstvwxz2456789]+")


@given(st.integers(1, 20))
def test_a_suffix_has_neither_vowels_nor_what_is_mistaken_for_them(length: int) -> None:
    suffix = random_suffix(length)
    assert len(suffix) == length
    assert SIGNS.fullmatch(suffix)


@given(st.text("abc-", max_size=200).map(lambda text: f"a{text}"))
def test_a_generated_name_is_one_that_is_accepted_however_long_its_prefix(prefix: str) -> None:
    name = generated(prefix)
    assert len(name) <= 63
    assert name.startswith(prefix[:58])
    assert name_problem(name, DNS_SUBDOMAIN) is None


def test_two_generated_names_differ() -> None:
    assert generated("iris-") != generated("iris-")


@given(TEMPLATES)
def test_the_hash_is_of_the_content_not_of_its_order(template: dict[str, object]) -> None:
    assert template_hash(template, None) == template_hash(dict(reversed(template.items())), None)
    assert SIGNS.fullmatch(template_hash(template, None))


def test_other_templates_and_collisions_have_other_hashes() -> None:
    hashes = [template_hash({"image": image}, collisions) for image in ("a", "b") for collisions in (None, 0, 1)]
    assert len(set(hashes)) == len(hashes)
