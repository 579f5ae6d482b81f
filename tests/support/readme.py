"""What the README gives to copy."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

README = (Path(__file__).parents[2] / "README.md").read_text()


def role() -> dict[str, Any]:
    """The Role with all that modeldeck needs to be allowed in a namespace."""
    [text] = re.findall(r"^```yaml\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    found: dict[str, Any] = yaml.safe_load(text)
    return found
