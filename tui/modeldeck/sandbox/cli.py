"""`modeldeck sandbox …`: bring the sandbox up for a console or for one command, and talk to one that runs.

Data goes to standard output, words and progress to standard error.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import os
import shlex
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from modeldeck.config.places import sandbox_folder
from modeldeck.sandbox.common.files import read_json
from modeldeck.sandbox.common.progress import WHOLE, PartProgress
from modeldeck.sandbox.common.state_dir import StateDir, exports, running, wait_until_free
from modeldeck.sandbox.stack.stack import Sandbox, SandboxInUse
from modeldeck.terminal.capabilities import why_no_screen

OpenConsole = Callable[[Sandbox], int]
USAGE, FAILED, UNREACHABLE = 2, 1, 6
"""The exit codes that mean here what they mean for every verb: wrong usage, failed, a backend cannot be reached."""

NEEDED = ("flask", "prombed", "sklearn", "starlette", "uvicorn")
"""Packages of the extra `sandbox`, one of each that brings it in; flask stands for the full MLflow."""

EPILOG = """\
examples:
  modeldeck sandbox                                    the console on a stack of its own
  modeldeck sandbox --exec 'kubectl get pods'          stack up, command, stack down; its exit code
  eval "$(modeldeck sandbox env)"                      point kubectl, mlflow and curl at the running one
  modeldeck sandbox inject --deployment iris --latency 0.3 --version 4
"""


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="modeldeck sandbox",
        description="A local stack: MLflow with trained models, a cluster that serves them, Prometheus and traffic.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    where = argparse.ArgumentParser(add_help=False)
    message = "folder for its state, kept between runs (default: %(default)s)"
    where.add_argument("--state", type=Path, default=argparse.SUPPRESS, metavar="DIR", help=message.replace("%(default)s", "as below"))
    top.add_argument("--state", type=Path, default=sandbox_folder(os.environ), metavar="DIR", help=message)
    top.add_argument("--fresh", action="store_true", help="empty the state first")
    top.add_argument("--cluster", choices=("simulator", "real"), default="simulator", help="real: kube-apiserver and etcd from PATH")
    metrics = "real: prometheus from PATH; embedded: the stand-in; auto: real where it is installed"
    top.add_argument("--metrics", choices=("auto", "real", "embedded"), default="auto", help=metrics)
    top.add_argument("--exec", dest="command", metavar="COMMAND", help="run COMMAND in a shell against it, end with its exit code")
    verbs = top.add_subparsers(dest="verb", metavar="{env,inject,stop}")
    verbs.add_parser("env", parents=[where], help="print the exports of the running one")
    verbs.add_parser("stop", parents=[where], help="take the running one down")
    inject = verbs.add_parser("inject", parents=[where], help="make a deployment slow, wrong or drifting")
    inject.add_argument("--deployment", metavar="NAME", help="which one; with --clear alone: all")
    inject.add_argument("--latency", type=_number(0, 60), default=0.0, metavar="SECONDS", help="added to every answer")
    inject.add_argument("--errors", type=_number(0, 1), default=0.0, metavar="SHARE", help="of the answers, 0 to 1, become errors 500")
    inject.add_argument("--drift", type=_number(-100, 100), default=0.0, metavar="SIGMAS", help="shift of the inputs")
    inject.add_argument("--version", metavar="V", help="only pods that serve this version")
    inject.add_argument("--clear", action="store_true", help="switch faults off")
    return top


def _number(low: float, high: float) -> Callable[[str], float]:
    def number(text: str) -> float:
        value = float(text)
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text} is not between {low:g} and {high:g}")
        return value

    return number


def main(argv: list[str], open_console: OpenConsole | None = None) -> int:
    """Run `modeldeck sandbox` with its arguments. `open_console` shows the deck on the sandbox until the user leaves; without it, the
    sandbox runs in the foreground until it is interrupted."""
    given = parser().parse_args(argv)
    state_dir = StateDir(given.state.expanduser().resolve())
    if given.verb == "env":
        return print_environment(state_dir)
    if given.verb == "stop":
        return stop(state_dir)
    if given.verb == "inject":
        return inject(state_dir, given)
    if given.command is None and open_console is not None and not (sys.stdin.isatty() and sys.stdout.isatty()):
        return _refuse("without a terminal there is no console: use --exec 'COMMAND'", USAGE)
    if given.command is None and open_console is not None and (why := why_no_screen(os.environ)):
        return _refuse(f"this terminal cannot show the console ({why}): use --exec 'COMMAND'; `modeldeck status` needs no terminal", USAGE)
    absent = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if absent:
        return _refuse(f"{', '.join(absent)} missing: pip install 'modeldeck[sandbox]'", FAILED)
    try:
        sandbox = Sandbox.launch(given.state, cluster=given.cluster, metrics=given.metrics, fresh=given.fresh)
    except (SandboxInUse, OSError) as error:
        return _refuse(str(error), FAILED)
    if given.command is None and open_console is not None:
        try:
            return open_console(sandbox)
        finally:
            asyncio.run(sandbox.stop())
    return asyncio.run(_attended(sandbox, given.command))


def _refuse(message: str, code: int) -> int:
    _say(f"modeldeck sandbox: {message}")
    return code


def _say(message: str) -> None:
    """To standard error. What is done does not depend on whether anybody can read it."""
    with suppress(OSError, ValueError):
        print(message, file=sys.stderr, flush=True)


# Without a console --------------------------------------------------------------------------------------------------------------


async def _attended(sandbox: Sandbox, command: str | None) -> int:
    """Bring it up with progress on standard error, run the command (or wait for a signal), take it down.

    SIGTERM, SIGHUP and Ctrl-C end the command and the sandbox; the exit code is then 128 + the signal.
    """
    received: asyncio.Queue[int] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        loop.add_signal_handler(number, received.put_nowait, number)
    work = asyncio.create_task(_work(sandbox, command))
    interrupted = asyncio.create_task(received.get())
    try:
        await asyncio.wait((work, interrupted), return_when=asyncio.FIRST_COMPLETED)
        return work.result() if work.done() else 128 + interrupted.result()
    finally:
        for task in (work, interrupted):
            task.cancel()
        await asyncio.wait((work, interrupted))
        await sandbox.stop()


async def _work(sandbox: Sandbox, command: str | None) -> int:
    """The command's exit code; UNREACHABLE when the sandbox does not come up, or ends under the command."""
    if sandbox.attached:
        _say(f"modeldeck sandbox: attached to the one that runs in {sandbox.state}")
    up = asyncio.Event()
    following = asyncio.create_task(_follow(sandbox, up))
    rising = asyncio.create_task(up.wait())
    tasks: list[asyncio.Task[object]] = [following, rising]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if following.done() or command is None:
            await following
            return UNREACHABLE
        working = asyncio.create_task(_run(command, sandbox.environment or {}, sandbox.state))
        tasks.append(working)
        await asyncio.wait((working, following), return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else UNREACHABLE
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def _follow(sandbox: Sandbox, up: asyncio.Event) -> None:
    """Show the progress; sets `up` when everything is ready, returns when that is not going to be, or has ended."""
    async for event in sandbox.events():
        _say(_line(event))
        if event.part == WHOLE and event.state == "ready":
            up.set()
        if event.part == WHOLE and event.state in ("failed", "ended"):
            return


def _line(event: PartProgress) -> str:
    marks = {"starting": "…", "ready": "✔", "failed": "✘", "ended": "■"}
    return f"{marks[event.state]} {event.part:<15} {event.seconds:6.1f} s  {event.message}".rstrip()


async def _run(command: str, environment: Mapping[str, str], folder: Path) -> int:
    """Run the command in a shell, in the terminal's foreground; its exit code. Cancelled, it ends with all that it started."""
    from modeldeck.sandbox.processes.process import Process, Program

    # Whoever sits behind a proxy must not be sent through it to loopback.
    direct = ",".join(filter(None, (os.environ.get("NO_PROXY") or os.environ.get("no_proxy"), "127.0.0.1")))
    variables = {**os.environ, **environment, "NO_PROXY": direct, "no_proxy": direct, "MODELDECK_SANDBOX_STATE": str(folder)}
    process = await Process.start(Program("exec", ("/bin/sh", "-c", command), variables, Path.cwd(), foreground=True))
    try:
        return await process.wait()
    except asyncio.CancelledError:
        await process.stop()
        raise


# Talking to one that runs -------------------------------------------------------------------------------------------------------


def print_environment(state_dir: StateDir) -> int:
    """The exports of the running one, for a shell to read."""
    found = exports(read_json(state_dir.environment) or {}) if running(state_dir) is not None else {}
    if not found:
        return _refuse(f"none runs in {state_dir.root}", UNREACHABLE)
    for name, value in found.items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


def stop(state_dir: StateDir) -> int:
    """Ask the supervisor to take everything down, and wait until it has."""
    owner = running(state_dir)
    if owner is None:
        return _refuse(f"none runs in {state_dir.root}", UNREACHABLE)
    if owner.alive():
        os.kill(owner.pid, signal.SIGTERM)
    return 0 if wait_until_free(state_dir, 30) else _refuse(f"it still runs: {owner.message()}", FAILED)


def inject(state_dir: StateDir, given: argparse.Namespace) -> int:
    from modeldeck.sandbox.deployments import faults, manifests

    if running(state_dir) is None:
        return _refuse(f"none runs in {state_dir.root}", UNREACHABLE)
    if given.clear:
        faults.clear(state_dir, given.deployment)
        _say(f"{given.deployment or 'all deployments'}: faults switched off")
        return 0
    fault = faults.Fault(given.latency, given.errors, given.drift, given.version)
    if given.deployment is None or fault.message() == faults.Fault(version=given.version).message():
        return _refuse("inject needs --deployment, and --latency, --errors or --drift (or --clear)", USAGE)
    known = [each["metadata"]["name"] for each in manifests.deployments(state_dir.mlflow)]
    if given.deployment not in known:
        _say(f"note: {given.deployment} is none of the sandbox's own ({', '.join(known)})")
    faults.inject(state_dir, given.deployment, fault)
    _say(f"{given.deployment}: {fault.message()}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
