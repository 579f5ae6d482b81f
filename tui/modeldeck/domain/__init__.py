"""What operators talk about, as frozen dataclasses and pure rules. Standard library only: nothing here waits or reads."""
