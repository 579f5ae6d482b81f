"""What may be said on the command line. `modeldeck --help` is complete: verbs, flags, exit codes."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from modeldeck.config.values import Flags

if TYPE_CHECKING:
    from datetime import datetime, time

VERBS = (
    "promote",
    "rollback",
    "status",
    "history",
    "operations",
    "doctor",
    "register",
    "gate",
    "metrics",
    "live",
    "slo",
    "drift",
    "changes",
    "watch",
    "config",
    "sandbox",
)

_EPILOG = """\
verbs:
  promote MODEL VERSION --deployment NS/NAME   serve another version, then move the alias; undone where it fails
  rollback NS/NAME [--to VERSION]              back to the last version that served
  status [MODEL|NS/NAME]                       alias, template and pods side by side
  history [MODEL|NS/NAME]                      who moved what, when and why
  operations list | show ID | attach ID        what was done, and is being done, step by step
  operations resume ID | undo ID               go on with what was cut off, or take it back
  operations accept ID | extend ID | approve ID   what a person says to one that waits
  register RUN --model NAME                    a run's model as a new version
  doctor                                       each backend: reachable, version, permissions, what will not work and why
  gate check FILE [--deployment NS/NAME]       a gate's file and queries, and what it would say of a deployment today
  metrics check [NS/NAME]                      what is found of each deployment's metrics, what is asked, and what it answers
  live NS/NAME                                 a deployment's figures as a stream: with `--output json` one object a line
  slo [NS/NAME]                                what is left of each error budget, and how fast it burns
  drift [NS/NAME]                              how far inputs and predictions have moved, and what the counts can tell of it
  changes NS/NAME [--at TIME] [--window 30m]   what happened around a jump of its charts, or that time, the likeliest cause first
  watch                                        all deployments at once, the worst first, for a spare screen
  config path | show | check                   which settings are in force, and where each comes from
  sandbox                                      a whole stack on this machine: `modeldeck sandbox --help`

exit codes:
  0 done   1 failed and undone   2 usage   3 refused by a check   4 gate failed, undone
  5 needs attention   6 a backend cannot be reached   7 waiting for a person
  8 a bug of modeldeck   9 the answer could not be written (a change is told by its own code, written or not)

Without a verb the console opens. Every verb takes the flags above, before or after it. Data goes to standard output, words to
standard error; `--output json` is a contract (docs/contract.md).
"""


class UsageError(Exception):
    """The command line is wrong; the words say how."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}\n{self.format_usage().rstrip()}")


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Raises UsageError; `--help` and `--version` print and raise SystemExit. `verb` is None where none was said."""
    return parser().parse_args(argv)


def flags_of(given: argparse.Namespace) -> Flags:
    """What was said about where to look."""
    return Flags(
        environment=given.environment or "",
        config=given.config or "",
        tracking_uri=given.mlflow or "",
        kubeconfig=given.kubeconfig or "",
        context=given.context or "",
        namespaces=tuple(given.namespace or ()),
        prometheus_url=given.prometheus or "",
        theme=given.theme or "",
        read_only=True if given.read_only else None,
    )


def parser() -> argparse.ArgumentParser:
    top = _Parser(
        prog="modeldeck",
        description="One console for the life of a model: MLflow, Kubernetes and Prometheus joined; promotions and roll-backs as one step.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="modeldeck [flags] [verb …]",
    )
    top.add_argument("--version", dest="show_version", action="store_true", help="print the version")
    _global_flags(top, default=None)
    everywhere = _Parser(add_help=False)
    _global_flags(everywhere, default=argparse.SUPPRESS)
    verbs = top.add_subparsers(dest="verb", prog="modeldeck", metavar="", title=argparse.SUPPRESS, parser_class=_Parser)
    _promote(verbs.add_parser("promote", parents=[everywhere], description="Serve another version of a model."))
    _rollback(verbs.add_parser("rollback", parents=[everywhere], description="Go back to the last version that served."))
    for verb, message in (("status", "Alias, template and pods side by side."), ("history", "Who moved what, when and why.")):
        one = verbs.add_parser(verb, parents=[everywhere], description=message)
        one.add_argument("subject", nargs="?", metavar="MODEL|NS/NAME", help="only this model or deployment")
        _output(one)
    _operations(verbs.add_parser("operations", parents=[everywhere], description="What was done, step by step."))
    _output(verbs.add_parser("doctor", parents=[everywhere], description="What works, what does not, and why."))
    _register(verbs.add_parser("register", parents=[everywhere], description="Register the model that a run logged."))
    _gate(verbs.add_parser("gate", parents=[everywhere], description="Try a gate's settings before they are needed."))
    _metrics(verbs.add_parser("metrics", parents=[everywhere], description="How deployments are measured, and what is not known of them."))
    _live(verbs.add_parser("live", parents=[everywhere], description="A deployment's figures as a stream, one line a reading."))
    _slo(verbs.add_parser("slo", parents=[everywhere], description="Service level objectives: error budgets and burn rates."))
    _drift(verbs.add_parser("drift", parents=[everywhere], description="How far inputs and predictions have moved."))
    _changes(verbs.add_parser("changes", parents=[everywhere], description="What happened around a moment, the likeliest cause first."))
    verbs.add_parser("watch", parents=[everywhere], description="All deployments at once, the worst first, for a spare screen.")
    _config(verbs.add_parser("config", parents=[everywhere], description="Which settings are in force."))
    verbs.add_parser("sandbox", add_help=False)
    verbs.add_parser("runner", add_help=False).set_defaults(output="text")
    return top


def _global_flags(parser: argparse.ArgumentParser, *, default: object) -> None:
    group = parser.add_argument_group("where to look")
    group.add_argument("-e", "--environment", metavar="NAME", default=default, help="an environment of the configuration file")
    group.add_argument("--config", metavar="FILE", default=default, help="another configuration file")
    group.add_argument("--mlflow", metavar="URI", default=default, help="MLflow tracking URI (MLFLOW_TRACKING_URI)")
    group.add_argument("--kubeconfig", metavar="FILE", default=default, help="kubeconfig (KUBECONFIG)")
    group.add_argument("--context", metavar="NAME", default=default, help="context of the kubeconfig")
    message = "namespace to look at; may be repeated; '*' is all that may be listed"
    group.add_argument("-n", "--namespace", metavar="NS", action="append", default=default, help=message)
    group.add_argument("--prometheus", metavar="URL", default=default, help="Prometheus (PROMETHEUS_URL)")
    group.add_argument("--theme", metavar="NAME", default=default, help="the console's colours, or a file with them")
    group.add_argument("--read-only", action="store_true", default=default, help="refuse every change")


def _output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text", help="json: schema 1, on standard output")


def _changing(parser: argparse.ArgumentParser) -> None:
    """What promote and rollback share."""
    parser.add_argument("--reason", metavar="TEXT", default="", help="why; kept with the version, the deployment and the journal")
    parser.add_argument("--alias", metavar="NAME", help="the alias to move (default: the environment's champion)")
    parser.add_argument("--yes", action="store_true", help="do not ask; needed without a terminal")
    message = "the deployment's name (of several the last one's): stands for typing it, in a protected environment"
    parser.add_argument("--confirm", metavar="NAME", help=message)
    parser.add_argument("--plan", action="store_true", help="only show what would be done")
    message = "how the new pods are judged (default: the environment's gate); 'none' needs --reason"
    parser.add_argument("--gate", metavar="FILE|none", help=message)
    parser.add_argument("--deadline", metavar="SECONDS", type=_seconds, default=600.0, help="for the rollout (default: 600)")
    message = "silence alerts about the deployment in Alertmanager meanwhile (default: as the environment says)"
    parser.add_argument("--silence", action=argparse.BooleanOptionalAction, default=None, help=message)
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--wait", action="store_true", help="stay until it has ended (default)")
    how.add_argument("--detach", action="store_true", help="print its id and leave it to itself")
    _output(parser)


def _promote(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL")
    parser.add_argument("version", metavar="VERSION", help="a number, or @ALIAS for what an alias points at")
    message = "the deployment that serves it; several times: one after the other, each with its gate, as one operation"
    parser.add_argument("--deployment", metavar="NS/NAME", required=True, action="append", help=message)
    message = "copy the version to this registered model first, for the deployments that serve that one"
    parser.add_argument("--copy-to", metavar="MODEL", help=message)
    _changing(parser)


def _rollback(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("deployment", metavar="NS/NAME")
    parser.add_argument("--to", metavar="VERSION", help="default: the last that served and was not itself rolled back")
    _changing(parser)


def _operations(parser: argparse.ArgumentParser) -> None:
    actions = ("list", "show", "attach", "resume", "undo", "cancel", "accept", "extend", "approve")
    parser.add_argument("action", nargs="?", choices=actions, default="list")
    parser.add_argument("id", nargs="?", metavar="ID")
    parser.add_argument("--all", action="store_true", help="list the operations of other clusters, too, that this journal knows")
    parser.add_argument("--yes", action="store_true", help="do not ask; needed without a terminal for everything but looking")
    parser.add_argument("--reason", metavar="TEXT", default="", help="why; needed to accept what the gate could not judge")
    parser.add_argument(
        "--seconds", metavar="SECONDS", type=_seconds, default=600.0, help="how much more time `extend` gives (default: 600)"
    )
    _output(parser)


def _register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", help="run id")
    parser.add_argument("--model", metavar="NAME", required=True, help="registered model; made where it does not exist")
    parser.add_argument("--description", metavar="TEXT", default="")
    _output(parser)


def _gate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("check",))
    parser.add_argument("file", metavar="FILE", help="TOML with the keys of a gate at its top")
    parser.add_argument("--deployment", metavar="NS/NAME", help="judge its pods as they serve now; without it only the queries are tried")
    _output(parser)


def _metrics(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("check",))
    parser.add_argument("deployment", nargs="?", metavar="NS/NAME", help="only this one, and what its charts ask")
    _output(parser)


def _live(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("deployment", metavar="NS/NAME")
    message = "between two readings, from 1 on (default: 5)"
    parser.add_argument("--interval", metavar="SECONDS", type=_interval, default=5.0, help=message)
    parser.add_argument("--count", metavar="N", type=_count, help="end after so many readings (default: when it is interrupted)")
    _output(parser)


def _slo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("deployment", nargs="?", metavar="NS/NAME", help="only this one")
    _output(parser)


def _drift(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("deployment", nargs="?", metavar="NS/NAME", help="only this one")
    message = "compare with what was logged at training, with the version before, or with the time before (default: as configured)"
    parser.add_argument("--baseline", metavar="training|previous|7d", type=_baseline, help=message)
    message = "how much of the time up to now is compared (default: as configured, 3600)"
    parser.add_argument("--window", metavar="SECONDS", type=_window, help=message)
    _output(parser)


def _changes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("deployment", metavar="NS/NAME", type=_key)
    message = "2026-03-01T14:05, with a zone or in this machine's, or 14:05 (default: the most prominent jump of its charts, else now)"
    parser.add_argument("--at", metavar="TIME", type=_moment, help=message)
    message = "how long before that to look, and for the jump (default: 30m; up to 30d)"
    parser.add_argument("--window", metavar="DURATION", type=_duration, default=1800.0, help=message)
    _output(parser)


def _key(text: str) -> str:
    namespace, _, name = text.partition("/")
    if not namespace or not name or "/" in name:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAMESPACE/NAME")
    return text


def _moment(text: str) -> datetime | time:
    from datetime import datetime, time

    try:
        return datetime.fromisoformat(text) if "-" in text else time.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no time: 2026-03-01T14:05, or 14:05") from None


_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_LONGEST = 30 * 86_400.0


def _duration(text: str) -> float:
    number, unit = text[:-1], _UNITS.get(text[-1:])
    if unit is None or not (number.isascii() and number.isdigit()) or not 0 < int(number[:9]) * unit <= _LONGEST:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration up to 30d: 90s, 30m, 2h, 1d")
    return int(number) * unit


def _config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("path", "show", "check"))
    _output(parser)


def _baseline(text: str) -> object:
    from modeldeck.domain.drift.settings import baseline_of

    try:
        return baseline_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _window(text: str) -> float:
    from modeldeck.domain.drift.settings import LONGEST, SHORTEST

    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds") from None
    if not SHORTEST <= value <= LONGEST:
        raise argparse.ArgumentTypeError(f"{text} is not between {SHORTEST:.0f} and {LONGEST:.0f}")
    return value


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds") from None
    if not 0 < value <= 86_400:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 86400")
    return value


def _interval(text: str) -> float:
    seconds = _seconds(text)
    if seconds < 1:
        raise argparse.ArgumentTypeError(f"{text} is below 1: figures change with each scrape, not sooner")
    return seconds


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 9 or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of readings")
    return int(text)
