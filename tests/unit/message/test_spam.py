"""The spam score is the highest that any header says: nobody talks his own mail better."""

import pytest

from orgo.message import limits, parse


@pytest.mark.parametrize(
    ("name", "value", "score"),
    [
        ("X-Spam-Score", "6.3", 6.3),
        ("x-spam-score", " -1.2 (-)", -1.2),
        ("X-Rspamd-Score", "4", 4.0),
        ("X-Spam-Status", "Yes, score=6.3 required=5.0 tests=BAYES_99,\n HTML_MESSAGE autolearn=no", 6.3),
        ("X-Spam-Status", "No, hits=-0.5 required=5.0", -0.5),
        ("X-Spam-Status", "No, required=5.0 tests=no_score=9", None),
        ("X-Spamd-Result", "default: False [3.21 / 15.00]; R_SPF_ALLOW(-0.20)[+mx]", 3.21),
        ("X-Spam-Status", "No, score=   6.5 required=5.0", 6.5),
        ("X-Spam-Status", "Yes," + " " * 600 + "score= \n 6.5", 6.5),
        ("X-Spamd-Result", "default: False [   6.5 / 15.00]", 6.5),
        ("X-Spam-Score", "=?us-ascii?q?7.5?=", 7.5),
        ("X-Spam-Score", "many", None),
        ("X-Spam-Score", "1.2.3", None),
        ("X-Spam-Score", "9" * 400, None),
        ("X-Spam-Level", "*****", None),
    ],
)
def test_a_header_of_a_filter(name: str, value: str, score: float | None) -> None:
    assert _score("Subject: score=99", f"{name}: {value}") == score


def test_of_several_the_highest_counts_wherever_it_stands() -> None:
    mine, theirs, second = "X-Spam-Score: 7.5", "X-Spam-Status: No, score=-50", "X-Spam-Score: -50"

    assert _score(mine, theirs) == _score(theirs, mine) == 7.5
    assert _score(mine, second) == _score(second, mine) == 7.5
    assert _score() is None


def test_of_a_mail_that_is_too_much_to_be_read_it_is_known_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_current", limits.Limits(headers=3))
    found = parse(b"From: a@x.example\nX-Spam-Score: 9\nX-One: 1\nX-Two: 2\n\nx")

    assert (found.limit, found.spam_score) == ("limit.headers", 9.0)


def _score(*headers: str) -> float | None:
    return parse("\n".join(["From: a@x.example", *headers, "", "x"]).encode()).spam_score
