"""How much a backend may tell at once: beyond what real ones tell, and little enough that a broken or hostile one fills no memory.

Measured: 20,000 pods in one list are 84 MB of JSON; an object of Kubernetes has at most 1.5 MB in its store, and grows a little as JSON.
"""

from __future__ import annotations

from modeldeck.domain.failures import Malformed, TooLarge

KIB = 1024
MIB = 1024 * KIB

BODY = 64 * MIB
"""Bytes of one answer, unpacked."""
LIST_BODY = 128 * MIB
"""Bytes of one page of a Kubernetes list. Some servers before an API leave the pages away, and send all at once."""
LARGE_BODY = 8 * MIB
"""Bytes of an answer from which it waits until no other answer of the same backend is as large. Whole pages of real lists are smaller."""
VALUES = 2_000_000
"""Values in one answer, objects counted twice: they take ten times the room that they take as text. 10,000 versions with 50 tags each are
1.6 million."""
LIST_VALUES = 8_000_000
"""The same of one page of a Kubernetes list, whose objects become values one after the other: 20,000 pods have four millions."""
LIST = 512 * MIB
"""Bytes of all pages of a list together: 120,000 pods."""
SCHEDULING = 96 * MIB
"""Bytes of the nodes, and of the pods, that a plan looks at: some 20,000 pods. It can be made without."""
OBJECTS = 200_000
"""Objects of one kind. Kubernetes itself is built for 150,000 pods."""
EVENTS = 256 * MIB
"""Bytes of events after which a watch is begun anew by a list: whatever they have piled up, the list replaces it."""
WATCH_LINE = 8 * MIB
"""Bytes of one event of a watch."""
LOG_LINE = 16 * KIB
"""Bytes of one line of a log that are shown."""
REFUSAL = 64 * KIB
"""Bytes that are read of an error's body. The rest says nothing more."""
PAGES = 200
"""Pages of one list: each holds 1,000 and more."""
CREDENTIALS = 1 * MIB
"""Bytes of what a plug-in prints, or of a file with a token or certificate."""
KUBECONFIG = 16 * MIB
"""Bytes of a kubeconfig file."""


def too_large(most: int, *, backend: str, what: str = "its answer") -> TooLarge:
    size = f"{most // MIB} MB" if most >= MIB else f"{most // KIB} kB"
    return TooLarge(f"{what} is too large: more than {size}", backend=backend)


def too_many(what: str, *, backend: str) -> TooLarge:
    return TooLarge(f"it has more than {OBJECTS:,} {what}", backend=backend)


class PageTokens:
    """The tokens of one list's pages. A server that hands out one again, or never stops, would be asked for ever."""

    def __init__(self, backend: str) -> None:
        self._backend = backend
        self._seen: set[str] = set()

    def following(self, token: str | None) -> str | None:
        """`token` where another page is to be asked for, else None. Raises Malformed for one that was handed out before, TooLarge after the
        last page that is asked for."""
        if not token:
            return None
        if token in self._seen:
            raise Malformed("it hands out the same page of a list again and again", backend=self._backend)
        if len(self._seen) >= PAGES:
            raise TooLarge(f"its list is too large: more than {PAGES} pages", backend=self._backend)
        self._seen.add(token)
        return token
