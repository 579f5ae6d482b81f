from __future__ import annotations

import subprocess
import sys

TWO_BACKENDS_START = """
import sys, threading
from modeldeck.sources.http.httpx_import import load_httpx

half, go_on = threading.Event(), threading.Event()

class Slow:
    def find_spec(self, name, path=None, target=None):
        if name == "anyio._backends._asyncio":
            half.set()
            go_on.wait(60)

sys.meta_path.insert(0, Slow())
first = threading.Thread(target=load_httpx)
first.start()
assert half.wait(60)
second = threading.Thread(target=load_httpx)
second.start()
second.join(0.5)
waits = second.is_alive()
go_on.set()
first.join()
second.join()
print("waits" if waits else "goes on with half a module", "anyio._backends._asyncio" in sys.modules, "httpx._main" in sys.modules)
"""


def test_the_second_backend_waits_until_everything_is_imported_and_the_command_line_is_not() -> None:
    done = subprocess.run([sys.executable, "-c", TWO_BACKENDS_START], capture_output=True, text=True, timeout=120)
    assert done.stdout == "waits True False\n", done.stderr
