"""S16, S52: neither a rule's pattern nor a mail can make the reader stand still: the work grows with the length, no faster."""

import pytest

from orgo.lib.problems import BadInput
from orgo.message import Message, parse
from orgo.message.pool import ParserPool
from orgo.rules import load

CATASTROPHIC = [
    r"(a+)+$",
    r"(a|a)*b",
    r"(a|aa)+$",
    r"(.*a){20}",
    r"^(a?){30}a{30}$",
    r"(x+x+)+y",
    r"([a-z]+)*[0-9]",
    r"(\s|\s)*z",
]


@pytest.mark.parametrize("pattern", CATASTROPHIC)
def test_a_pattern_is_refused_or_runs_in_linear_time(pattern: str) -> None:
    rules = f'rules:\n  - {{name: r, condition: "text matches /{pattern}/", action: {{route_to: a@x.example}}}}\n'.replace(
        "\\", "\\\\"
    )
    try:
        ruleset = load(rules, "rules.yaml")
    except BadInput as refused:
        assert "pattern" in str(refused)
        return
    from orgo.rules.facts import facts_of

    message = parse(b"From: a@x.example\r\nSubject: x\r\n\r\n" + b"a" * 200_000)
    assert ruleset.decide(facts_of(message)) is not None


@pytest.mark.parametrize("header", ["From", "Subject", "Content-Type", "References", "Received"])
def test_headers_of_one_sign_again_and_again_are_read_within_the_readers_time(header: str) -> None:
    """The reader's process is ended where a mail takes longer than it may: quadratic work on these would."""
    grains = ["(", "<", '"', "a@", ",", "=?", "=?utf-8?q?=41?= ", "\\", ";", "((", "a b ", "@", ":", "%"]
    mails = [f"{header}: {grain * (60_000 // len(grain))}\r\n\r\nx".encode() for grain in grains]
    pool = ParserPool()
    try:
        read = pool.parse(mails)
    finally:
        pool.close()

    assert [type(one) for one in read] == [Message] * len(mails)
