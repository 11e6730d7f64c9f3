"""Each folder here is a configuration or a rules file that must be refused, with the words that must be said."""

from pathlib import Path

import pytest

from orgo.lib.problems import BadInput

CASES = sorted(path for path in Path(__file__).parent.glob("c-*") if path.is_dir())


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_bad_input_is_refused_in_the_expected_words(case: Path) -> None:
    """A folder with config.yaml is read as Orgo's home, one with only rules.yaml as rules."""
    with pytest.raises(BadInput) as caught:
        _read(case)
    said = "\n".join(str(problem) for problem in caught.value.problems)

    missing = [
        words for words in (case / "expected.txt").read_text("utf-8").splitlines() if words not in said
    ]
    assert not missing, said


def _read(case: Path) -> None:
    if (case / "config.yaml").exists():
        from orgo.conf import load

        load(case, {})
    else:
        from orgo import rules

        rules.load((case / "rules.yaml").read_bytes(), "rules.yaml", directory=case)
