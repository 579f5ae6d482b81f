"""Which MLflow, cluster and Prometheus belong together: flag > environment variable > TOML file > what this machine has.

`resolve` answers with every known environment and the one to open, or with everything that is wrong. Nothing here speaks to the network.
"""

from modeldeck.config.discovery import from_sandbox
from modeldeck.config.places import config_path, sandbox_folder
from modeldeck.config.report import show, show_text
from modeldeck.config.resolution import check, resolve
from modeldeck.config.values import ConfigErrors, Flags, Problem, ResolvedConfig, Severity

__all__ = [
    "ConfigErrors",
    "Flags",
    "Problem",
    "ResolvedConfig",
    "Severity",
    "check",
    "config_path",
    "from_sandbox",
    "resolve",
    "sandbox_folder",
    "show",
    "show_text",
]
