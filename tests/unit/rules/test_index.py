"""The automaton finds what stands anywhere in a mail of any size, and what many mails have in common costs nothing."""

from orgo.rules import Facts, load
from orgo.rules.facts import LOOKED_AT


def test_a_word_over_the_border_of_two_pieces_is_found() -> None:
    ruleset = load(
        "keywords: [leak]\nrules:\n  - {condition: \"body contains 'water leak'\", action: {route_to: a@x.example}}\n",
        "r",
    )

    for start in range(32_758, 32_770):
        decision = ruleset.decide(Facts(body="x" * start + "water leak" + "x" * 40_000))
        assert (decision.route_to, decision.keywords) == ("a@x.example", ("leak", "water leak"))


def test_a_mail_is_looked_at_as_far_as_a_limit() -> None:
    ruleset = load(
        "rules:\n  - {condition: \"body contains 'leak'\", action: {route_to: a@x.example}}\n", "r"
    )

    assert ruleset.decide(Facts(body=" " * (LOOKED_AT - 4) + "leak")).route_to == "a@x.example"
    assert ruleset.decide(Facts(body=" " * (LOOKED_AT - 3) + "leak")).route_to is None


def test_only_rules_that_can_match_are_asked() -> None:
    """Whatever text field they look at."""
    fields = [
        "subject",
        "body",
        "text",
        "from",
        "to",
        "recipients",
        "organization",
        "mailbox",
        "header['X-A']",
        "attachments",
    ]
    items = "".join(
        f"  - {{condition: \"{field} contains 'word{n}'\", action: {{labels: [x]}}}}\n"
        for n, field in enumerate(fields)
    )
    index = load(f"rules:\n{items}", "r").index

    assert index.search(Facts(subject="nothing of the kind"))[0] == []
    assert index.search(Facts(recipients=["word5@x.example"]))[0] == [5]
    assert index.search(Facts(headers=[("x-a", "WORD8")]))[0] == [8]


def test_one_set_of_facts_may_be_asked_by_several_rule_sets() -> None:
    """Each finds its own keywords."""
    text = (
        "keywords: [{}]\nrules:\n  - {{condition: \"keywords is '{}'\", action: {{route_to: a@x.example}}}}\n"
    )
    one, other = load(text.format("leak", "leak"), "r"), load(text.format("fire", "fire"), "r")
    facts = Facts(subject="leak and fire")

    assert (one.decide(facts).keywords, other.decide(facts).keywords) == (("leak",), ("fire",))
    assert one.decide(facts).route_to == other.decide(facts).route_to == "a@x.example"


def test_a_word_that_is_only_asked_for_whole_is_a_keyword_only_where_it_stands_whole() -> None:
    items = "  - {condition: \"subject has word 'art'\", action: {labels: [x]}}\n"
    ruleset = load(f"rules:\n{items}", "r")
    wider = load(f"rules:\n{items}  - {{condition: \"body contains 'art'\", action: {{labels: [x]}}}}\n", "r")

    assert ruleset.decide(Facts(body="the party")).keywords == ()
    assert ruleset.decide(Facts(body="the art")).keywords == ("art",)
    assert wider.decide(Facts(body="the party")).keywords == ("art",)
