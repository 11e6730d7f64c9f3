"""Between a task's row and its state: the columns are a part of the state's fields, the rest stands in `more`."""

from typing import Any

import msgspec

from orgo.task.models import Task
from orgo.task.values import TaskState

_COLUMNS = (
    "id reference seq title state level round priority type requester requester_name team assignee organization "
    "visibility anonymize mail rule revision opened_at updated_at due_at closed_at"
).split()
# Lists of addresses, kept as text so that one is found by LIKE: |a@b|c@d|.
_LISTED = ("watchers", "called")
_DEFAULTS = dict(zip(TaskState.__struct_fields__[::-1], TaskState.__struct_defaults__[::-1], strict=False))
_MORE = tuple(
    (name, _DEFAULTS.get(name, msgspec.UNSET))
    for name in TaskState.__struct_fields__
    if name not in {*_COLUMNS, "labels", "fields", *_LISTED}
)


def row_of(state: TaskState) -> dict[str, Any]:
    """The values of the task's row, by column."""
    values = msgspec.structs.asdict(state)
    row = {name: values[name] for name in _COLUMNS}
    row["labels"] = list(state.labels)
    row["fields"] = dict(state.fields)
    for name in _LISTED:
        row[name] = f"|{'|'.join(values[name])}|" if values[name] else ""
    row["next_level_at"] = state.next_level_at
    # What has its default is kept out of the row.
    row["more"] = msgspec.to_builtins(
        {name: values[name] for name, default in _MORE if values[name] != default}
    )
    return row


def state_of(row: Task) -> TaskState:
    """The state that a task's row holds."""
    values = {name: getattr(row, name) for name in _COLUMNS}
    values |= {
        "labels": row.labels,
        "fields": row.fields,
        **{name: [one for one in getattr(row, name).split("|") if one] for name in _LISTED},
    }
    return msgspec.convert({**values, **row.more}, TaskState, strict=False)
