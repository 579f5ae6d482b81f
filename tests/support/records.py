"""Records of operations with other values, those of their change included."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from modeldeck.operations.history.records import OperationRecord


def record_with(record: OperationRecord, **fields: Any) -> OperationRecord:
    """Each value goes where its name is: into the change of the version, or into the record."""
    of_change = {name: fields.pop(name) for name in record.change.__dataclass_fields__ if name in fields}
    return replace(record, change=replace(record.change, **of_change), **fields)
