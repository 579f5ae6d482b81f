from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.identity import ClusterId, address_digest, cluster_of

message = st.sampled_from(("", "a", "b"))
ids = st.builds(ClusterId, message, message)


def test_the_uid_tells_more_than_the_address() -> None:
    """A cluster that was made anew at the same address is another one; one that is reached by two addresses is one."""
    assert ClusterId("one", "here").same(ClusterId("two", "here")) is False
    assert ClusterId("one", "here").same(ClusterId("one", "there")) is True
    assert ClusterId("one", "here").same(ClusterId("", "here")) is True
    assert ClusterId("", "here").same(ClusterId("", "there")) is False
    assert ClusterId("one").same(ClusterId("", "there")) is None
    assert ClusterId().same(ClusterId()) is None


@given(one=ids, other=ids)
def test_it_goes_both_ways(one: ClusterId, other: ClusterId) -> None:
    assert one.same(other) is other.same(one)
    assert one.same(one) in (True, None)


@given(one=ids)
def test_what_is_written_down_names_the_same_cluster(one: ClusterId) -> None:
    assert cluster_of(one.text()).same(one) is (None if one == ClusterId() else True)


def test_anything_else_names_none() -> None:
    for text in ("", "here", "name:here", "aa:here", "zz:here"):
        assert cluster_of(text) == ClusterId()


def test_an_address_is_not_given_away_and_another_authority_is_another_cluster() -> None:
    digest = address_digest("https://10.0.0.1:6443", "authority")
    assert digest == address_digest("https://10.0.0.1:6443/", "authority\n")
    assert "10.0.0.1" not in digest
    assert len(digest) == 24, "as it stands in what others wrote down"
    assert len({digest, address_digest("https://10.0.0.1:6443", "other"), address_digest("https://10.0.0.2:6443", "authority")}) == 3
