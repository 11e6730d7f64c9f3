"""What a cross check found, before it is given its place in a file."""

from typing import Literal, NamedTuple

from orgo.conf.config import Config
from orgo.conf.section import Keys
from orgo.lib.problems import Problem


class Finding(NamedTuple):
    """Something wrong with the value at `path`; `people` says that it stands in people.yaml."""

    path: Keys
    message: str
    hint: str | None = None
    severity: Literal["error", "warning"] = "error"
    people: bool = False

    def problem(self, config: Config) -> Problem:
        """The finding with file, line and column."""
        sheet = config._origin.people if self.people else config._origin.sheet
        assert sheet is not None
        return sheet.problem(self.path, self.message, self.hint, self.severity)
