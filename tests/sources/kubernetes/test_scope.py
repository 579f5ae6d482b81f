"""Which namespaces are looked at, by what may be listed."""

from __future__ import annotations

import asyncio
import json

import pytest

from modeldeck.domain.failures import Unauthorized
from modeldeck.sources.http.transport import Transport
from modeldeck.sources.kubernetes.resources import DEPLOYMENTS
from modeldeck.sources.kubernetes.scope import readable_namespaces
from tests.support.canned import canned, response

FORBIDDEN = response(b"{}", "403 Forbidden")


async def looked_at(*wanted: str, may_list: tuple[str, ...] = (), names: tuple[str, ...] | None = None) -> tuple[tuple[str, ...], int]:
    """`may_list`: the namespaces whose deployments may be listed, "" all of them at once. `names`: None may not be listed. Also how many
    requests it took."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        path = server.requests[-1].split(b" ", 2)[1].decode().partition("?")[0]
        if path == "/api/v1/namespaces":
            items = [{"metadata": {"name": name}} for name in names or ()]
            writer.write(FORBIDDEN if names is None else response(json.dumps({"metadata": {}, "items": items}).encode()))
        else:
            allowed = any(path == DEPLOYMENTS.path(namespace) for namespace in may_list)
            writer.write(response(b'{"metadata": {}, "items": []}') if allowed else FORBIDDEN)

    async with canned(talk) as server:
        transport = Transport("Kubernetes", server.url)
        found = await readable_namespaces(transport, wanted, "own")
        await transport.aclose()
    return found, len(server.requests)


async def test_without_a_wish_it_is_the_contexts_own_and_nobody_is_asked() -> None:
    assert await looked_at() == (("own",), 0)


async def test_named_ones_are_taken_as_they_are_each_once() -> None:
    assert await looked_at("b", "a", "b") == (("b", "a"), 0)


async def test_all_of_them_are_one_list_where_that_is_allowed() -> None:
    assert await looked_at("a", "*", may_list=("", "a"), names=("a",)) == (("",), 1)


async def test_else_those_that_may_be_listed_in_the_clusters_order() -> None:
    found, _ = await looked_at("*", may_list=("c", "a"), names=("a", "b", "c"))
    assert found == ("a", "c")


@pytest.mark.parametrize("names", [None, (), ("a", "b")])
async def test_where_none_can_be_found_the_contexts_own_is_left(names: tuple[str, ...] | None) -> None:
    found, _ = await looked_at("*", names=names)
    assert found == ("own",)


async def test_a_huge_cluster_is_not_tried_whole() -> None:
    names = tuple(f"n{number:03}" for number in range(250))
    found, requests = await looked_at("*", may_list=names, names=names)
    assert found == names[:200]
    assert requests == 202


async def test_who_is_not_known_is_told_so() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        writer.write(response(b"{}", "401 Unauthorized"))

    async with canned(talk) as server:
        transport = Transport("Kubernetes", server.url)
        with pytest.raises(Unauthorized):
            await readable_namespaces(transport, ("*",), "own")
        await transport.aclose()
