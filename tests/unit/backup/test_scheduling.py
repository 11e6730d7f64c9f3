"""`orgo backup schedule`: one line of config.yaml is written, and nothing else is touched."""

import pytest

from orgo.backup.scheduling import _SECTION, _with

KEY = "  key: file:k  # kept elsewhere\n"
AFTER = "\n# the page\nweb: {port: 8000}\n"


@pytest.mark.parametrize(
    ("before", "line", "after"),
    [
        (f"backup:\n{KEY}{AFTER}", 'every: "1 day"', f'backup:\n  every: "1 day"\n{KEY}{AFTER}'),
        (
            f"backup:\n{KEY}  every: 1 day\n{AFTER}",
            'every: "6 hours"',
            f'backup:\n{KEY}  every: "6 hours"\n{AFTER}',
        ),
        (
            f"backup: # ours\n    every: 1 day\n    key: k\n{AFTER}",
            "",
            f"backup: # ours\n    key: k\n{AFTER}",
        ),
        (f"backup:\n\n  # why\n{KEY}", 'every: "1 day"', f'backup:\n  every: "1 day"\n\n  # why\n{KEY}'),
        (
            f"backup:\n{KEY}{AFTER}canary:\n  every: 1 hour\n",
            "",
            f"backup:\n{KEY}{AFTER}canary:\n  every: 1 hour\n",
        ),
    ],
)
def test_the_line_is_written_into_its_section(before: str, line: str, after: str) -> None:
    found = _SECTION.search(before)
    assert found is not None and _with(before, found.end(), line) == after
