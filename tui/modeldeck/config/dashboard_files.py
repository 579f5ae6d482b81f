"""Files of dashboards, read when one is opened."""

from __future__ import annotations

from pathlib import Path

from modeldeck.domain.dashboards.dashboard import Dashboard
from modeldeck.domain.dashboards.grafana_file import LARGEST, NoDashboard, read_dashboard
from modeldeck.domain.failures import Malformed, Unreachable
from modeldeck.pipes import read_bytes


def read_dashboard_file(path: str) -> Dashboard:
    """Raises Unreachable where it cannot be read, Malformed, with its line where that is known, where it is none. Blocks."""
    try:
        return read_dashboard(read_bytes(Path(path), LARGEST))
    except OSError as error:
        raise Unreachable(
            f"{path}: {(error.strerror or 'it cannot be read').lower()}", hint="check `dashboards` in the configuration"
        ) from None
    except NoDashboard as error:
        where = f"{path}:{error.line}" if error.line else path
        raise Malformed(f"{where}: {error}", hint="export it in Grafana: Share, Export, Save to file") from None
    except ValueError:  # a NUL in its name
        raise Unreachable("its name holds a character that no file's may", hint="check `dashboards` in the configuration") from None
