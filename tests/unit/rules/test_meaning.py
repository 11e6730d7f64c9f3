"""The meaning of a rules file against a reference that asks each rule in turn and shares no code with the product."""

import json
import unicodedata
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from orgo.rules import Decision, Facts, RuleSet, load

WORDS = [
    "leak",
    "Leak",
    "fire",
    "urgent",
    "water leak",
    "élève",
    "ELEVE",
    "straße",
    "STRASSE",
    "a",
    "le",
    "水漏れ",
    "漏れ",
    "room 5",
]
FIELDS = ["subject", "body", "text", "to", "organization", "header['X-Kind']", "attachments", "keywords"]
STRICT = ["private", "team", "organization", "public"]
Tree = tuple[Any, ...]
Rule = dict[str, Any]

_operators = st.sampled_from(["contains", "has word", "starts with", "ends with"])
_leaves = st.tuples(st.just("leaf"), st.sampled_from(FIELDS), _operators, st.sampled_from(WORDS))
_several = st.tuples(
    st.just("list"),
    st.sampled_from(FIELDS),
    st.sampled_from(["any", "all"]),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=3),
)
_trees = st.recursive(
    _leaves | _several,
    lambda inner: st.tuples(st.sampled_from(["and", "or"]), inner, inner) | st.tuples(st.just("not"), inner),
    max_leaves=6,
)
_rules = st.fixed_dictionaries(
    {"condition": _trees},
    optional={
        "unless": _trees,
        "mode": st.sampled_from(["on", "on", "on", "shadow", "off"]),
        "stop": st.booleans(),
        "route_to": st.sampled_from(["a@x.example", "b@x.example", "c@x.example"]),
        "priority": st.sampled_from(["low", "high"]),
        "type": st.sampled_from(["t1", "t2"]),
        "calendar": st.sampled_from(["office", "always"]),
        "labels": st.lists(st.sampled_from(["l1", "l2", "l3"]), max_size=2),
        "attach": st.lists(st.sampled_from(["one.pdf", "two.pdf"]), max_size=2),
        "notify": st.lists(st.sampled_from(["n1@x.example", "n2@x.example"]), max_size=2),
        "visibility": st.sampled_from(STRICT),
        "anonymize": st.booleans(),
    },
)
_text = st.lists(st.sampled_from([*WORDS, "b", "leaks", "5", "\n"]), max_size=5).map(" ".join)
_mails = st.fixed_dictionaries(
    {
        "subject": _text,
        "body": _text,
        "organization": _text,
        "to": st.lists(_text, max_size=2),
        "kind": _text,
        "attachments": st.lists(_text, max_size=2),
    }
)


def written(tree: Tree) -> str:
    match tree:
        case ("leaf", field, operator, word):
            return f"{field} {operator} '{word}'"
        case ("list", field, how, words):
            return f"{field} contains {how} of [{', '.join(repr(word) for word in words)}]"
        case ("not", inner):
            return f"not ({written(inner)})"
        case (joint, one, other):
            return f"({written(one)}) {joint} ({written(other)})"
    raise AssertionError(tree)


def file_of(rules: list[Rule], keywords: list[str]) -> str:
    """The rules as a file; JSON is YAML."""
    own = ("condition", "unless", "mode", "stop")
    items = [
        {
            **{key: rule[key] for key in ("mode", "stop") if key in rule},
            **{key: written(rule[key]) for key in ("condition", "unless") if key in rule},
            "name": f"r{number}",
            "action": {key: value for key, value in rule.items() if key not in own} or {"labels": []},
        }
        for number, rule in enumerate(rules)
    ]
    return json.dumps(
        {"default": "default@x.example", "keywords": keywords, "rules": items}, ensure_ascii=False
    )


def plain(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize(
        "NFC", "".join(letter for letter in letters if not unicodedata.combining(letter))
    )


def texts(mail: dict[str, Any], field: str, keywords: list[str]) -> list[str]:
    subject, body = [mail["subject"]], [mail["body"]]
    found = {
        "subject": subject,
        "body": body,
        "text": subject + body,
        "header['X-Kind']": [mail["kind"]],
        "keywords": keywords,
    }
    one = [mail["organization"]] if field == "organization" else []
    return [plain(text) for text in found.get(field) or one or mail.get(field, [])]


def is_word(text: str, word: str) -> bool:
    for start in range(len(text) - len(word) + 1):
        around = text[max(start - 1, 0) : start] + text[start + len(word) : start + len(word) + 1]
        if text[start : start + len(word)] == word and not any(letter.isalnum() for letter in around):
            return True
    return False


def fits(tree: Tree, mail: dict[str, Any], keywords: list[str]) -> bool:
    match tree:
        case ("leaf", field, operator, word):
            value, found = plain(word), texts(mail, field, keywords)
            asked = {
                "contains": lambda text: value in text,
                "has word": lambda text: is_word(text, value),
                "starts with": lambda text: text.lstrip().startswith(value),
                "ends with": lambda text: text.rstrip().endswith(value),
            }[operator]
            # A text that is only an end of an address is compared with addresses.
            if field == "to" and operator in ("starts with", "ends with"):
                found = [text for text in found if "@" in text]
            return any(asked(text) for text in found)
        case ("list", field, how, words):
            hits = [any(plain(word) in text for text in texts(mail, field, keywords)) for word in words]
            return all(hits) if how == "all" else any(hits)
        case ("not", inner):
            return not fits(inner, mail, keywords)
        case (joint, one, other):
            both = fits(one, mail, keywords), fits(other, mail, keywords)
            return all(both) if joint == "and" else any(both)
    raise AssertionError(tree)


def reference(rules: list[Rule], mail: dict[str, Any], keywords: list[str]) -> dict[str, Any]:
    """DESIGN.md section 4, "Meaning", word by word."""
    on = [(f"r{n}", rule) for n, rule in enumerate(rules) if rule.get("mode", "on") == "on"]
    matching = [
        (name, rule)
        for name, rule in on
        if fits(rule["condition"], mail, keywords)
        and not ("unless" in rule and fits(rule["unless"], mail, keywords))
    ]
    asked = []
    for name, rule in matching:
        asked.append((name, rule))
        if rule.get("stop"):
            break
    routing = [(name, rule) for name, rule in asked if rule.get("route_to")]
    first = ([rule for _, rule in routing[:1]]) + [rule for _, rule in asked]

    def single(key: str) -> Any:
        return next((rule[key] for rule in first if rule.get(key)), None)

    def united(key: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(value for _, rule in asked for value in rule.get(key, [])))

    anonymize = any(rule.get("anonymize") for _, rule in matching)
    said = [rule["visibility"] for _, rule in matching if "visibility" in rule] + ["private"] * anonymize
    return {
        "route_to": routing[0][1]["route_to"] if routing else "default@x.example",
        "rule": routing[0][0] if routing else None,
        "rules": tuple(name for name, _ in matching),
        **{key: single(key) for key in ("priority", "type", "calendar")},
        **{key: united(key) for key in ("labels", "attach", "notify")},
        "visibility": min(said, key=STRICT.index, default=None),
        "anonymize": anonymize,
    }


def decided(rules: RuleSet, mail: dict[str, Any]) -> Decision:
    return rules.decide(
        Facts(
            subject=mail["subject"],
            body=mail["body"],
            organization=mail["organization"],
            to=mail["to"],
            headers=[("X-Kind", mail["kind"])],
            attachment_names=mail["attachments"],
        )
    )


@settings(max_examples=120, deadline=None)
@given(st.lists(_rules, max_size=10), _mails, st.lists(st.sampled_from(WORDS), max_size=3))
def test_a_decision_is_what_the_design_says_it_is(
    rules: list[Rule], mail: dict[str, Any], keywords: list[str]
) -> None:
    decision = decided(load(file_of(rules, keywords), "rules.yaml"), mail)
    expected = reference(rules, mail, list(decision.keywords))

    assert {name: getattr(decision, name) for name in expected} == expected


@settings(max_examples=40, deadline=None)
@given(st.lists(_rules, max_size=6), _mails, st.data())
def test_rules_that_do_not_match_change_nothing(
    rules: list[Rule], mail: dict[str, Any], data: st.DataObject
) -> None:
    """The same decision among three hundred other rules as alone."""
    others = [
        {"condition": ("leaf", FIELDS[n % 7], "contains", f"zq{n}"), "route_to": "z@x.example"}
        for n in range(300)
    ]
    where = sorted(data.draw(st.lists(st.integers(0, 300), min_size=len(rules), max_size=len(rules))))
    mixed = list(others)
    for place, rule in reversed(list(zip(where, rules, strict=True))):
        mixed.insert(place, rule)

    alone, among = decided(load(file_of(rules, []), "r"), mail), decided(load(file_of(mixed, []), "r"), mail)

    names = (
        "route_to",
        "priority",
        "type",
        "calendar",
        "labels",
        "attach",
        "notify",
        "visibility",
        "anonymize",
        "keywords",
    )
    assert [getattr(alone, name) for name in names] == [getattr(among, name) for name in names]


@settings(max_examples=120, deadline=None)
@given(st.lists(_rules, max_size=8), _mails, st.lists(st.sampled_from(WORDS), max_size=4))
def test_keywords_stand_in_the_order_of_the_vocabulary(
    rules: list[Rule], mail: dict[str, Any], keywords: list[str]
) -> None:
    """The file's, then the rules' own, each once; those that the subject or text contains."""
    own = [word for rule in rules if rule.get("mode", "on") == "on" for word in words_of(rule["condition"])]
    seen: dict[str, tuple[str, bool]] = {}
    for word, whole in [(word, False) for word in keywords] + own:
        known = seen.setdefault(plain(word), (word, whole))
        seen[plain(word)] = (known[0], known[1] and whole)
    here = [plain(mail["subject"]), plain(mail["body"])]
    expected = [
        shown
        for word, (shown, whole) in seen.items()
        if any(is_word(text, word) if whole else word in text for text in here)
    ]

    assert list(decided(load(file_of(rules, keywords), "r"), mail).keywords) == expected


def words_of(tree: Tree) -> list[tuple[str, bool]]:
    match tree:
        case ("leaf", "subject" | "body" | "text", operator, word):
            return [(word, operator == "has word")]
        case ("list", "subject" | "body" | "text", _, words):
            return [(word, False) for word in words]
        case ("and" | "or", one, other):
            return words_of(one) + words_of(other)
    return []
