"""A wall clock that jumps, for runner processes only: seconds to add stand in a file named after the process."""

import os
import sys
import time

_FOLDER = os.environ.get("MODELDECK_CRASH_CLOCKS")

if _FOLDER and sys.orig_argv[-2:] == ["modeldeck", "runner"]:
    _path = os.path.join(_FOLDER, str(os.getpid()))
    _real = time.time

    def _shifted() -> float:
        try:
            with open(_path) as file:
                return _real() + float(file.read())
        except FileNotFoundError:
            return _real()

    time.time = _shifted
