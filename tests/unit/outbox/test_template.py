"""Templates have placeholders and nothing else (design/security.md S48)."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orgo.lib.text import is_within
from orgo.outbox.compose import LANGUAGES, PLACEHOLDERS, as_html, compose, draft, letter_template, quote
from orgo.outbox.template import check, render

KINDS = sorted(path.stem for path in (__import__("pathlib").Path("src/orgo/outbox/letters/en")).glob("*.txt"))


def test_a_placeholder_is_replaced_and_a_line_of_an_empty_one_goes() -> None:
    assert render("Dear {who}\n{facts}\nBye", {"who": "Anna", "facts": ""}) == "Dear Anna\nBye"


@given(st.text())
def test_a_value_is_never_looked_at_again(value: str) -> None:
    assert render("a {title} b", {"title": value, "who": "SECRET"}).startswith(
        "a "
    ) and "SECRET" not in render("{title}", {"title": "{who}" + value, "who": "SECRET"})


@pytest.mark.parametrize(
    "text", ["{{ 7*7 }}", "{% for %}", "${x}", "{who.__class__}", "{who!r}", "{0}", "{who:>9}"]
)
def test_code_in_a_template_is_text(text: str) -> None:
    assert render(text, {"who": "Anna"}) == text


def test_an_unknown_placeholder_and_a_lone_brace_are_named_with_their_place() -> None:
    problems = check("Dear {who}\nabout {titel} }\n", PLACEHOLDERS, "t.txt")

    assert [(p.line, p.column) for p in problems] == [(2, 7), (2, 15)]
    assert "did you mean title?" in str(problems[0])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_shipped_letter_is_whole_in_every_language(kind: str, language: str) -> None:
    text = letter_template(kind, language)

    assert text.startswith("Subject: ") and check(text, PLACEHOLDERS, kind) == []
    assert language == "en" or kind == "answer" or text != letter_template(kind, "en")


@pytest.mark.parametrize("language", ["de", "es"])
@pytest.mark.parametrize("kind", ["understood", "refused"])
def test_an_answer_to_a_command_is_in_every_language_that_commands_are(kind: str, language: str) -> None:
    text = letter_template(kind, language)

    assert check(text, PLACEHOLDERS, kind) == []
    assert text != letter_template(kind, "en")


@pytest.mark.parametrize(
    "payload", ["<img src=x onerror=alert(1)>", "<script>x</script>", '"><b>', "\r\nBcc: evil@x.example"]
)
def test_text_of_a_mail_is_escaped_in_every_letter(payload: str) -> None:
    values = dict.fromkeys(PLACEHOLDERS, payload)
    for kind in KINDS:
        words = compose(kind, "en", values)
        page = as_html(words.text, "en", words.places)
        assert "<img" not in page and "<script" not in page
        assert "\n" not in words.subject and "\r" not in words.subject


def test_a_link_on_a_line_of_its_own_becomes_a_button() -> None:
    page = as_html(
        "I take it:\nhttps://orgo.example/tasks/7QK3MD/take?for=a@b&sig=x\n", "en", ("https://orgo.example",)
    )

    assert (
        '<a href="https://orgo.example/tasks/7QK3MD/take?for=a@b&amp;sig=x"' in page
        and ">I take it</a>" in page
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_strangers_url_is_a_link_in_no_letter(kind: str, language: str) -> None:
    """Nor one that looks like ours, nor on a line of its own below words with a colon."""
    evil = (
        "http://evil.example/login",
        "https://orgo.example.evil.example/",
        "https://orgo.example@evil.example/",
    )
    payload = " ".join(evil) + "\n\nIT desk:\nhttp://evil.example/login\n\n> http://evil.example/login"
    values = dict.fromkeys(PLACEHOLDERS, payload) | {"link": "https://orgo.example/tasks/7QK3MD"}
    values |= {"take_link": "https://orgo.example/tasks/7QK3MD/take?for=a", "recipient": "a@b.example"}
    words = compose(kind, language, values)
    page = as_html(words.text, language, ("https://orgo.example", *words.places))
    links = re.findall(r'href="([^"]*)"', page)
    assert all(is_within(link, "https://orgo.example") for link in links)
    assert "http://evil" not in page  # which a mail program would make a link of
    assert bool(links) == ("{link}" in letter_template(kind, language))


def test_what_an_own_template_links_to_is_a_link() -> None:
    """It is the organization's own word; what fills it in changes no host."""
    own = "See https://intra.example/help\nor https://intra.example/search?q={title}\nor https://{title}\n"
    words = compose("received", "en", {"title": "evil.example/login"}, own=own)
    links = re.findall(r'href="([^"]*)"', as_html(words.text, "en", ("https://orgo.example", *words.places)))
    assert links == ["https://intra.example/help", "https://intra.example/search?q=evil.example/login"]


@pytest.mark.parametrize(
    "own",
    [
        None,
        "Subject: {title} for {recipient} [#{reference}]\nx",
        "Subject: {recipient} [#{reference}]\nx",
        "Subject: {title}: {title} [#{reference}]\nx",
    ],
)
@pytest.mark.parametrize("long", ["x" * 1000, "Réparation " * 30, "e\u0301" * 150])
def test_what_is_cut_of_a_long_subject_is_not_the_reference(own: str | None, long: str) -> None:
    values = dict.fromkeys(PLACEHOLDERS, "x") | {"title": long, "reference": "NWHA63", "recipient": "r" * 320}
    subject = compose("completed", "en", values, own=own).subject

    assert subject.endswith("[#NWHA63]") and "…" in subject and len(subject) <= 200
    assert own is not None or len(subject) > 190


def test_a_subject_that_fits_is_left_whole() -> None:
    values = {"title": "x" * 185, "reference": "NWHA63"}
    assert compose("completed", "en", values).subject == f"Re: {'x' * 185} [#NWHA63]"


def test_a_long_subject_of_an_own_template_is_cut_though_it_says_nothing_of_the_task() -> None:
    assert len(compose("received", "en", {}, own=f"Subject: {'x' * 300}\ny").subject) == 200


def test_a_long_quotation_is_cut() -> None:
    assert quote("\n".join("x" for _ in range(99))).count("\n") == 30


@pytest.mark.parametrize(
    "own", [None, "Subject: For {recipient} {take_link}\n{take_link}\nThis is 100 % yours, {recipient}"]
)
def test_a_letter_that_is_addressed_is_the_letter_that_was_written_to_one(own: str | None) -> None:
    values = {**dict.fromkeys(PLACEHOLDERS, "x & y"), "title": "a title with {recipient} in it"}
    shared = draft("opened", "en", values, own=own)
    for recipient in ("a@b.example", "<c>@b.example"):
        link = f"https://o.example/take?for={recipient[0]}&sig=1"
        words = shared.to(recipient, link)
        assert words == compose(
            "opened", "en", {**values, "recipient": recipient, "take_link": link}, own=own
        )
        page = as_html(words.text, "en", ("https://o.example",))
        assert link in words.text and "&amp;sig=1" in page and "<c>" not in page
        assert own is not None or "{recipient}" in words.subject
