"""When garbage is collected, in a program that runs for days and paints all the time."""

from __future__ import annotations

import gc

FULL_COLLECTION_EVERY = 2
"""Collections of the middle generation between two of everything, in place of Python's 10. Lines that leave the screen are garbage in a
circle (what Textual caches of a strip holds the strip itself), and some megabyte of it lay about between two. With the start frozen, one
takes some 5 ms."""


def collect_from_now_on() -> None:
    """What the start has allocated stays, so that later collections need not look at it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*gc.get_threshold()[:2], FULL_COLLECTION_EVERY)
    gc.enable()
