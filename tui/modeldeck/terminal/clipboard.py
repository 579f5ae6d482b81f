"""The way to the clipboard of whoever sits at the terminal, and how far it is known to go."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Callable, Mapping
from contextlib import suppress

Write = Callable[[str], object]

_PATIENCE = 2.0
"""Seconds for tmux to answer."""
_SCREEN_TAKES = 768
"""Bytes of one sequence that GNU screen hands on; of a longer one nothing arrives."""
_OPEN, _CLOSE = "\x1bP", "\x1b\\"


async def copy(text: str, environ: Mapping[str, str], write: Write) -> str:
    """Copy it, and say in a few words where it has got to: no terminal tells whether it took it."""
    if environ.get("TMUX"):
        # By default tmux takes no clipboard from the programs in it, but gives away what it is given itself.
        shown = await _tmux(
            text, environ, "load-buffer", "-w", "-", ";", "display-message", "-p", "#{set-clipboard} #{client_termfeatures}"
        )
        if shown is not None:
            setting, _, features = shown.partition(" ")
            return "in tmux's buffer and sent to the terminal" if setting != "off" and "clipboard" in features else "in tmux's buffer"
        if await _tmux(text, environ, "load-buffer", "-") is not None:  # before 3.2
            return "in tmux's buffer"
    sequence = f"\x1b]52;c;{b64encode(text.encode()).decode()}\x07"
    if environ.get("STY"):
        room = _SCREEN_TAKES - len(_OPEN + _CLOSE)
        write("".join(_OPEN + sequence[at : at + room] + _CLOSE for at in range(0, len(sequence), room)))
        return "sent to the terminal through screen"
    write(sequence)
    return "sent to the terminal"


async def _tmux(text: str, environ: Mapping[str, str], *message: str) -> str | None:
    """What tmux prints; None where it does not do that, or is not there."""
    pipe, nowhere = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    try:
        process = await asyncio.create_subprocess_exec("tmux", *message, stdin=pipe, stdout=pipe, stderr=nowhere, env=dict(environ))
    except OSError:
        return None
    try:
        async with asyncio.timeout(_PATIENCE):
            printed, _ = await process.communicate(text.encode())
    except TimeoutError:
        return None
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    return printed.decode(errors="replace").strip() if process.returncode == 0 else None
