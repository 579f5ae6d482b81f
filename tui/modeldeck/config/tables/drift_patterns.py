"""Tables by deployment: `[drift."serving/*"]`."""

from __future__ import annotations

import re

from modeldeck.config.kinds import InvalidValue

MOST_TABLES = 200
_PATTERN = re.compile(r"[a-z0-9*?.-]{1,253}/[a-z0-9*?.-]{1,253}")


def deployment_pattern(text: str) -> str:
    """`namespace/name`, where `*` stands for any characters and `?` for one. Raises InvalidValue."""
    if not _PATTERN.fullmatch(text):
        raise InvalidValue(f"expected a deployment as 'namespace/name', where * stands for anything, found {text!r}")
    return text
