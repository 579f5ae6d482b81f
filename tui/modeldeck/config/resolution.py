"""Flags, environment variables, the file and this machine → the environments that there are, and the one to open."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from modeldeck.config import discovery
from modeldeck.config.assembly import build, merge
from modeldeck.config.file import FileConfig, read_file
from modeldeck.config.keys import meant
from modeldeck.config.places import config_path, sandbox_folder
from modeldeck.config.reading import at_home
from modeldeck.config.values import ConfigErrors, Flags, Layer, Problem, ResolvedConfig, Setting, Settings, Severity
from modeldeck.config.variables import from_flags, from_variables, misspelt
from modeldeck.domain.environments import Environment
from modeldeck.domain.kubernetes.service_scheme import is_service

UNNAMED = "default"
"""The environment's name where no file names one."""


def resolve(flags: Flags, environ: Mapping[str, str], *, home: Path | None = None) -> ResolvedConfig | ConfigErrors:
    """Takes milliseconds, unless the chosen environment gets a secret from a command (up to 10 s). Never asks the network.

    To switch, resolve again with `flags.environment` set: each environment's secrets are read only when it is the one to open.
    """
    inputs, problems = _inputs(flags, environ, home)
    sandbox = discovery.running_sandbox(sandbox_folder(environ))
    current, choice_problems = _choose(flags, environ, inputs, sandbox)
    problems.extend(choice_problems)
    environments: list[Environment] = []
    if not choice_problems:
        for name in inputs.names(current):
            environment, found = _one(inputs, name, complete=name == current)
            environments.append(environment)
            problems.extend(found if name == current else [])
        if sandbox and discovery.SANDBOX not in inputs.file.environments:
            environments.append(sandbox)
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    if errors:
        return ConfigErrors(_sorted(problems))
    return ResolvedConfig(
        environments=tuple(environments),
        current=current,
        warnings=_sorted(problems),
        config_path=inputs.file.path,
        no_color=bool(environ.get("NO_COLOR")),
    )


def check(flags: Flags, environ: Mapping[str, str], *, home: Path | None = None) -> tuple[Problem, ...]:
    """Every problem of every environment in the file, errors first; () where all is well. Runs the commands that give secrets."""
    inputs, problems = _inputs(flags, environ, home)
    sandbox = discovery.running_sandbox(sandbox_folder(environ))
    current, choice_problems = _choose(flags, environ, inputs, sandbox)
    problems.extend(choice_problems)
    for name in inputs.names(current):
        problems.extend(_one(inputs, name, complete=True)[1])
    return _sorted(problems)


def _sorted(problems: list[Problem]) -> tuple[Problem, ...]:
    unique = dict.fromkeys(problems)
    return tuple(sorted(unique, key=lambda problem: problem.severity is not Severity.ERROR))


@dataclass(frozen=True, slots=True)
class _Inputs:
    flags: Settings
    variables: Settings
    file: FileConfig
    home: Path
    environ: Mapping[str, str]

    def names(self, current: str) -> list[str]:
        """The file's environments, or the unnamed one where it is what will be opened."""
        return list(self.file.environments) or ([UNNAMED] if current == UNNAMED else [])


def _inputs(flags: Flags, environ: Mapping[str, str], home: Path | None) -> tuple[_Inputs, list[Problem]]:
    path = config_path(flags, environ)
    file = read_file(path, required=bool(flags.config or environ.get("MODELDECK_CONFIG")))
    said, flag_problems = from_flags(flags)
    variables, variable_problems = from_variables(environ)
    problems = [*flag_problems, *variable_problems, *file.problems, *misspelt(environ)]
    return _Inputs(said, variables, file, home or at_home("~"), environ), problems


def _choose(flags: Flags, environ: Mapping[str, str], inputs: _Inputs, sandbox: Environment | None) -> tuple[str, list[Problem]]:
    """The name of the environment to open. The running sandbox opens by itself only where nothing else was said."""
    file = inputs.file
    if flags.environment:
        wanted, where = flags.environment, "--environment"
    elif environ.get("MODELDECK_ENVIRONMENT"):
        wanted, where = environ["MODELDECK_ENVIRONMENT"], "environment variable MODELDECK_ENVIRONMENT"
    elif file.default:
        wanted, where = str(file.default.value), file.default.place
    elif file.environments:
        return next(iter(file.environments)), []
    elif sandbox and not any(key in layer for layer in (inputs.flags, inputs.variables) for key in _POINTERS):
        return discovery.SANDBOX, []
    else:
        return UNNAMED, []
    if wanted in file.environments or (wanted == discovery.SANDBOX and sandbox):
        return wanted, []
    if wanted == discovery.SANDBOX:
        return wanted, [Problem(Severity.ERROR, where, "", "no sandbox is running", "`modeldeck sandbox` starts one")]
    if wanted == UNNAMED and not file.environments:
        return wanted, []
    known = [*file.environments, *([discovery.SANDBOX] if sandbox else [])]
    message = f"expected one of {', '.join(known)}, found {wanted!r}" if known else f"no environment {wanted!r}: {file.path} names none"
    return wanted, [Problem(Severity.ERROR, where, "", message, meant(wanted, known))]


_POINTERS = ("mlflow.uri", "kubernetes.kubeconfig", "kubernetes.context", "prometheus.url")


def _one(inputs: _Inputs, name: str, *, complete: bool) -> tuple[Environment, list[Problem]]:
    """One environment. `complete`: secrets are read and files looked for, and what is wrong with them is said."""
    in_file = name in inputs.file.environments
    file = {**inputs.file.shared, **inputs.file.environments.get(name, {})}
    merged, problems = merge([inputs.flags, inputs.variables, file, _discovered(inputs)])
    if not in_file:
        for key, candidate in discovery.CANDIDATES.items():
            merged.setdefault(key, candidate)
    if not str(merged["mlflow.uri"].value if "mlflow.uri" in merged else "").startswith(("http://", "https://")):
        for key in [key for key, setting in merged.items() if key.startswith("mlflow.") and setting.layer is Layer.DISCOVERY]:
            del merged[key]
    problems.extend(_add_kubeconfig(inputs, merged, in_file))
    environment, secret_problems = build(name, merged, inputs.environ if complete else None)
    problems.extend(_not_passed_on(merged))
    return environment, [*problems, *secret_problems, *(_missing_files(merged) if complete else [])]


def _not_passed_on(merged: Settings) -> list[Problem]:
    if "prometheus.url" not in merged or not is_service(str(merged["prometheus.url"].value)):
        return []
    found = [(key, merged[key].place) for name in _OWN_WAY if (key := f"prometheus.{name}") in merged]
    message = "is not used: through the API server's proxy the kubeconfig's login and certificates count"
    return [Problem(Severity.WARNING, place, key, message) for key, place in found]


def _discovered(inputs: _Inputs) -> dict[str, Setting]:
    return discovery.mlflow_credentials(inputs.home)


def _add_kubeconfig(inputs: _Inputs, merged: dict[str, Setting], in_file: bool) -> list[Problem]:
    """An environment of the file has a cluster only where something names one; then the default kubeconfig may complete it."""
    asked = next((setting for key, setting in merged.items() if key.startswith("kubernetes.") or _through_cluster(key, setting)), None)
    if "kubernetes.kubeconfig" in merged or (in_file and not asked):
        return []
    found = discovery.kubeconfig(inputs.environ, inputs.home)
    if found:
        merged["kubernetes.kubeconfig"] = found
    elif asked:
        message = f"no kubeconfig: neither KUBECONFIG nor {inputs.home / '.kube' / 'config'}, and not inside a cluster"
        return [Problem(Severity.WARNING, asked.place, "kubernetes.kubeconfig", message)]
    return []


def _through_cluster(key: str, setting: Setting) -> bool:
    return key == "prometheus.url" and is_service(str(setting.value))


_FILES = (
    "mlflow.server_cert_path",
    "mlflow.client_cert_path",
    "prometheus.ca_path",
    "prometheus.client_cert_path",
    "prometheus.client_key_path",
)
_OWN_WAY = ("username", "password", "token", "insecure_tls", "ca_path", "client_cert_path", "client_key_path")
"""Settings of Prometheus' own TLS and login, none of which goes through an API server."""


def _missing_files(merged: Settings) -> list[Problem]:
    problems = []
    for key in (name for name in _FILES if name in merged):
        if not os.path.exists(str(merged[key].value)):
            message = f"expected a file, found none at {merged[key].value}"
            problems.append(Problem(Severity.ERROR, merged[key].place, key, message))
    named = merged.get("kubernetes.kubeconfig")
    paths = [path for path in str(named.value).split(os.pathsep) if path] if named else []
    # As for kubectl, KUBECONFIG=/dev/null and files of its list that are not there are empty: the pane says that no context is there.
    if named and paths and named.layer is not Layer.VARIABLE and not any(os.path.exists(path) for path in paths):
        message = f"expected a kubeconfig file, found none at {named.value}"
        problems.append(Problem(Severity.ERROR, named.place, "kubernetes.kubeconfig", message))
    return problems
