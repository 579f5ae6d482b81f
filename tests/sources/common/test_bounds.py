"""What comes in is bounded: pages, objects, values."""

from __future__ import annotations

import pytest

from modeldeck.domain.failures import Malformed, TooLarge
from modeldeck.sources.common import bounds
from modeldeck.sources.common.bounds import PageTokens


def test_a_token_that_comes_again_ends_a_list() -> None:
    tokens = PageTokens("any")
    assert [tokens.following(token) for token in ("a", "b", "", None)] == ["a", "b", None, None]
    with pytest.raises(Malformed):
        tokens.following("a")


def test_a_list_has_a_last_page() -> None:
    tokens = PageTokens("any")
    handed_out = [tokens.following(str(number)) for number in range(bounds.PAGES)]
    assert None not in handed_out
    with pytest.raises(TooLarge):
        tokens.following("one more")


def test_a_list_of_20000_pods_fits() -> None:
    """84 MB in one answer, as measured, of 3.2 million values."""
    assert bounds.LIST_BODY > 100 * bounds.MIB
    assert bounds.LIST_VALUES > 5_000_000
    assert bounds.OBJECTS > 150_000
