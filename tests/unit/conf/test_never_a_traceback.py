"""Whatever stands in the files, the answer is a Config or a list of problems."""

import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from orgo.conf import check, load, show
from orgo.conf.config import Config
from orgo.conf.roster import Roster
from orgo.conf.section import Section, names, section_of
from orgo.lib.problems import BadInput

WORDS = st.sampled_from(
    [
        "",
        "x",
        "a@b.example",
        "${X}",
        "file:x",
        "2 hours",
        "10.0.0.0/8",
        "Mon-Fri 08:00-12:00",
        "2026-02-30",
        "none",
        "INBOX\r\nA1",
    ]
)
VALUES = st.one_of(
    WORDS, st.text(max_size=8), st.integers(-1, 10**12), st.floats(allow_nan=False), st.booleans(), st.none()
)


def shaped(model: type[Section]) -> st.SearchStrategy[Any]:
    """Data that looks like a section: known keys, an unknown one, values of any kind in any place."""
    parts: dict[str, st.SearchStrategy[Any]] = {"unknown": VALUES}
    for key, field in names(model).items():
        inner = section_of(model.model_fields[field].annotation)
        deeper = (
            st.one_of(
                shaped(inner),
                st.lists(shaped(inner), max_size=2),
                st.dictionaries(WORDS, shaped(inner), max_size=2),
            )
            if inner
            else VALUES
        )
        parts[key] = st.one_of(deeper, VALUES, st.lists(VALUES, max_size=2))
    return st.fixed_dictionaries({}, optional=parts)


@settings(max_examples=150, deadline=None)
@given(
    config=shaped(Config),
    people=shaped(Roster),
    environ=st.dictionaries(
        st.sampled_from(
            [
                "ORGO_WEB",
                "ORGO_WEB__PORT",
                "ORGO_IMAP",
                "ORGO_IMAP__HOST",
                "ORGO_SMTP__FROM",
                "ORGO_X__Y",
                "X",
            ]
        ),
        st.sampled_from(["1", "[", "{}", "a,b", '[{"host": 1}]']),
    ),
)
def test_any_data_is_read_or_refused(config: Any, people: Any, environ: dict[str, str]) -> None:
    """JSON is YAML, so any shape of data can be tried; each problem has words and a key or a place."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "config.yaml").write_text(json.dumps(config), "utf-8")
        (home / "people.yaml").write_text(json.dumps(people), "utf-8")
        try:
            read = load(home, environ)
        except BadInput as error:
            assert error.problems
            assert all(problem.message and (problem.key or problem.file) for problem in error.problems)
            return

        assert show(read)
        assert all(problem.message for problem in check(read))
