"""A letter's HTML is made of its text when it leaves, but where its template has links of its own: then it is stored."""

import re

import pytest

from tests.office import PASS, Office

HELP = "https://intra.city.example/help"


def test_a_letter_leaves_with_the_html_of_its_text(office: Office) -> None:
    from orgo.outbox.models import Letter

    office.mail(body="It drips <b>here</b>")

    (letter,) = office.letters("anna@city.example")
    html = letter.get_body(("html",))
    assert html is not None and "It drips &lt;b&gt;here&lt;/b&gt;" in html.get_content()
    links = re.findall(r'href="([^"]*)"', html.get_content())
    assert any("/take?for=anna%40city.example&amp;sig=" in link for link in links)
    assert set(Letter.objects.values_list("html", flat=True)) == {""}


def test_what_an_own_template_links_to_is_a_link_in_the_letter(office: Office) -> None:
    from orgo.outbox.models import Letter

    template = office.home / "config" / "templates" / "received.txt"
    template.write_text(f"Subject: Received: {{title}}\nSee {HELP}\n")
    office.mail(subject="leak http://evil.example/login", headers={"Authentication-Results": PASS})

    (letter,) = office.letters("clara@people.example")
    html = letter.get_body(("html",))
    assert html is not None and re.findall(r'href="([^"]*)"', html.get_content()) == [HELP]
    assert HELP in Letter.objects.get(kind="received").html


@pytest.mark.parametrize("kind", ["alarm", "together", "digest", "canary", "answer"])
def test_every_kind_of_letter_by_mail_has_html_and_none_by_webhook(office: Office, kind: str) -> None:
    from orgo.flow.posting import parcel_of
    from orgo.outbox.models import Letter

    text = f"Look:\n{office.config.web.url}/ignored\n"
    for channel, links in (("email", 1), ("webhook", 0)):
        parcel = parcel_of(Letter(kind=kind, channel=channel, text=text))
        assert parcel.html.count(f'href="{office.config.web.url}/ignored"') == links
        assert bool(parcel.html) == bool(links)


def test_html_of_the_release_before_leaves_as_it_was(office: Office) -> None:
    from orgo.flow.posting import parcel_of
    from orgo.outbox.models import Letter

    assert parcel_of(Letter(text="a", html="<p>b</p>")).html == "<p>b</p>"
