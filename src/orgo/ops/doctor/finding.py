"""What the doctor found."""

from typing import Literal

import msgspec

State = Literal["ok", "warn", "fail"]


class Finding(msgspec.Struct, frozen=True):
    """What was looked at, how it is, and what to do where it is not well."""

    name: str
    state: State
    words: str
    todo: str = ""
