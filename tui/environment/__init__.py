"""Which MLflow, cluster and Prometheus belong together: flag > environment variable > TOML file > what this machine has.

`resolve` answers with every known environment and the one to open, or with everything that is wrong. Nothing here speaks to the network.
"""

from tui.environment.discovery import from_sandbox
from tui.environment.places import config_path, sandbox_folder
from tui.environment.report import show, show_text
from tui.environment.resolution import check, resolve
from tui.environment.values import ConfigErrors, Flags, Problem, Resolved, Severity

__all__ = [
    "ConfigErrors",
    "Flags",
    "Problem",
    "Resolved",
    "Severity",
    "check",
    "config_path",
    "from_sandbox",
    "resolve",
    "sandbox_folder",
    "show",
    "show_text",
]
