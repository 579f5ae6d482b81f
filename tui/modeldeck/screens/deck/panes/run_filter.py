"""The filter line of the runs pane: plain text sifts what is loaded, MLflow's own syntax asks the server."""

from __future__ import annotations

import re

_CLAUSE = re.compile(
    r"(?:\b(?:metrics?|params?|tags?|attributes?|attr|run|datasets?)\s*\.\s*\S+|\b\w+\b)\s*(?:=|!=|<=?|>=?|\bI?LIKE\b|\bIN\b|\bIS\b)\s*\S",
    re.IGNORECASE,
)


def is_query(text: str) -> bool:
    """Whether a text is meant for `runs/search`: it compares something. `!fox` and `accuracy` are plain text."""
    return bool(_CLAUSE.search(text))
