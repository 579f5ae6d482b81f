"""The edge of every source: whatever reading a backend raises leaves it as that backend's Failure.

    @raises_failures("MLflow")
    class RestTracking: ...

One wrong value in an answer, a package that is not installed or a bug of ours would else end whoever asked: a pane, or an operation.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, TypeVar

from modeldeck.domain.failures import Failure, failure_from, is_bug

C = TypeVar("C")


def raises_failures(backend: str) -> Callable[[type[C]], type[C]]:
    """For the public coroutines and asynchronous generators of a class: they raise Failures and nothing else."""

    def decorate(source: type[C]) -> type[C]:
        for name, member in tuple(vars(source).items()):
            if name.startswith("_"):
                continue
            if inspect.iscoroutinefunction(member):
                setattr(source, name, _answering(member, backend))
            elif inspect.isasyncgenfunction(member):
                setattr(source, name, _streaming(member, backend))
        return source

    return decorate


def told(error: Exception, backend: str) -> Failure:
    """The failure that `error` is. A bug is loud as well: the event loop's exception handler hears of it."""
    failure = failure_from(error, backend=backend)
    if failure is not error and is_bug(failure):
        asyncio.get_running_loop().call_exception_handler({"message": f"reading {backend} broke", "exception": error})
    return failure


def _answering(member: Callable[..., Awaitable[Any]], backend: str) -> Callable[..., Awaitable[Any]]:
    @functools.wraps(member)
    async def answer(*given: Any, **named: Any) -> Any:
        try:
            return await member(*given, **named)
        except Failure:
            raise
        except Exception as error:  # noqa: BLE001 — an edge: nothing is lost, it is told
            raise told(error, backend) from None

    return answer


def _streaming(member: Callable[..., AsyncGenerator[Any, None]], backend: str) -> Callable[..., AsyncGenerator[Any, None]]:
    @functools.wraps(member)
    async def stream(*given: Any, **named: Any) -> AsyncGenerator[Any, None]:
        try:
            async with contextlib.aclosing(member(*given, **named)) as inner:
                async for item in inner:
                    yield item
        except Failure:
            raise
        except Exception as error:  # noqa: BLE001 — as above
            raise told(error, backend) from None

    return stream
