"""The Textual App: which environment is shown, themes, and the wiring between screens, live data and operations."""

from modeldeck.console.app import Console
from modeldeck.console.launch import Launch

__all__ = ["Console", "Launch"]
