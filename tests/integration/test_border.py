"""What the border found out about a mail that came by SMTP is what the rules have under auth and spam_score."""

import smtplib
from collections.abc import Iterator

import pytest

from tests.office import CONFIG, Office

RULES = """
rules:
  - {name: spam, condition: "spam_score >= 5", action: {route_to: works@city.example}}
  - {name: forged, condition: "auth.spf is softfail and auth.dkim is fail", action: {route_to: works@city.example}}
  - {name: signed, condition: "auth.dkim is pass and auth.spf is not pass", action: {route_to: works@city.example}}
  - {name: proved, condition: "auth.spf is pass and auth.dkim is pass and auth.dmarc is pass and spam_score < 0",
     action: {route_to: works@city.example}}
"""
OURS = "Authentication-Results: mx.city.example; "
THEIRS = "Authentication-Results: mx.people.example; "
ALL_WELL = f"{OURS}spf=pass smtp.mailfrom=a@people.example; dkim=pass; dmarc=pass\r\nX-Spam-Score: -1.0\r\n"
MAILS = {
    "all well": (ALL_WELL, "proved"),
    "one header each": (f"{OURS}dmarc=pass\r\n{OURS}dkim=pass\r\n{OURS}spf=pass\r\nX-Spam-Score: -2\r\n", "proved"),
    "spf and dkim fail": (f"{OURS}spf=softfail; dkim=fail; dkim=neutral\r\n", "forged"),
    "one signature holds": (f"{OURS}spf=none; dkim=fail; dkim=pass header.d=list.example\r\n", "signed"),
    "a foreign server says it": (f"{THEIRS}spf=pass; dkim=pass; dmarc=pass\r\nX-Spam-Score: -1\r\n", None),
    "a comment says it": (f"{OURS}spf=pass (; dkim=pass); dmarc=pass\r\nX-Spam-Score: -1\r\n", None),
    "spam": ("X-Spam-Status: Yes, score=6.3 required=5.0\r\n", "spam"),
    "spam that praises itself": (f"{ALL_WELL}X-Spam-Status: Yes, score=6.3 required=5.0\r\n", "spam"),
    "two senders": (f"{ALL_WELL}From: boss@city.example\r\n", None),
    "nobody says anything": ("", None),
}  # fmt: skip


@pytest.fixture
def office(request: pytest.FixtureRequest, tmp_path) -> Iterator[Office]:
    relays = getattr(request, "param", "127.0.0.1")
    made = Office(tmp_path / "office", config=CONFIG.replace("[127.0.0.1]", f"[{relays}]"), rules=RULES)
    yield made
    made.close()


def rule_of(office: Office, headers: str) -> str | None:
    """The rule that decides on a mail with these headers that comes by SMTP."""
    from orgo.intake.models import Mail
    from orgo.intake.smtp import Listener, SmtpSettings

    listener = Listener(SmtpSettings(host="127.0.0.1", port=0), lambda: None)
    port = listener.start()
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=20) as client:
            mail = f"{headers}From: a@people.example\r\nSubject: Hello\r\n\r\nx\r\n"
            client.sendmail("a@people.example", ["info@city.example"], mail)
    finally:
        listener.stop()
    office.settle()
    decision = Mail.objects.get().decision
    assert decision is not None
    return decision["rule"] or None


@pytest.mark.parametrize("name", list(MAILS))
def test_the_rules_have_what_the_border_found_out(office: Office, name: str) -> None:
    headers, rule = MAILS[name]

    assert rule_of(office, headers) == rule


@pytest.mark.parametrize("office", ["203.0.113.9"], indirect=True)
def test_of_a_mail_that_no_relay_of_ours_handed_in_nothing_is_believed(office: Office) -> None:
    assert rule_of(office, ALL_WELL) is None
