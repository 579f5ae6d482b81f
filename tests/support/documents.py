"""What the documents give to copy."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]


def document(name: str) -> str:
    """The text of a document, by its path in the repository."""
    return (ROOT / name).read_text()


def role() -> dict[str, Any]:
    """The Role with all that modeldeck needs to be allowed in a namespace."""
    [text] = re.findall(r"^```yaml\n(.*?)^```", document("README.md"), re.MULTILINE | re.DOTALL)
    found: dict[str, Any] = yaml.safe_load(text)
    return found
