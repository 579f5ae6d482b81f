"""Where this user's files are. platformdirs is imported only when one is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from modeldeck.config.reading import at_home
from modeldeck.config.values import Flags


def config_path(flags: Flags, environ: Mapping[str, str]) -> Path:
    """Where the configuration file is, or would be: --config, then MODELDECK_CONFIG, then the platform's place."""
    named = flags.config or environ.get("MODELDECK_CONFIG", "")
    if named:
        return at_home(named)
    import platformdirs

    return Path(platformdirs.user_config_dir("modeldeck")) / "config.toml"


def sandbox_folder(environ: Mapping[str, str]) -> Path:
    """Where a sandbox keeps its state unless told otherwise."""
    named = environ.get("MODELDECK_SANDBOX_STATE", "")
    if named:
        return at_home(named)
    import platformdirs

    return Path(platformdirs.user_state_dir("modeldeck")) / "sandbox"
