"""A terminal's attributes where each key is read as it is pressed: not echoed, not gathered into lines, and no signal."""

from __future__ import annotations

import termios
from typing import Any


def raw(attributes: list[Any]) -> list[Any]:
    """Attributes as `termios.tcgetattr` gives them, for Textual to find what it would set itself."""
    inputs, outputs, control, local, in_speed, out_speed, characters = attributes
    inputs &= ~(termios.IXON | termios.IXOFF | termios.ICRNL | termios.INLCR | termios.IGNCR)
    local &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN | termios.ISIG)
    one_by_one = [*characters[: termios.VMIN], 1, *characters[termios.VMIN + 1 :]]
    return [inputs, outputs, control, local, in_speed, out_speed, one_by_one]
