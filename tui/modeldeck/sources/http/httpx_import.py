"""Importing httpx at the price of what is used of it."""

from __future__ import annotations

import contextlib
import sys
import threading
from importlib import import_module

_loading = threading.Lock()


def load_httpx() -> None:
    """Imports httpx and what it would else import in the middle of the first request, on the event loop.

    httpx imports its own command line too (click, rich), where it can: half of its cost, and never used here.

    To be called before every use: who comes second waits for the first. While one thread imports anyio's backend, a request in another
    that needs it finds half a module (Python gives up a lock rather than deadlock over modules that import each other).
    """
    with _loading:
        _load()


def _load() -> None:
    if "httpx" not in sys.modules:
        _import_httpx()
    with contextlib.suppress(ImportError):  # private names: where they have moved, the first request imports what it needs
        import_module("httpcore._backends.anyio")
        import_module("anyio._backends._asyncio")


def _import_httpx() -> None:
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # how the import system says "not to be had"
    try:
        import httpx  # noqa: F401
    finally:
        if sys.modules.get("httpx._main", "absent") is None:
            sys.modules.pop("httpx._main", None)
