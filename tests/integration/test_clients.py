"""An answer as each mail program writes it goes the whole way: it finds its task, and what it asks for is done."""

from pathlib import Path

import pytest

from tests.office import Office

CLIENTS = Path(__file__).parents[1] / "unit" / "message" / "clients"
TOKEN = b"orgo+7qk3md.aaaaaaaaaaaaaaaaaaaaaaaaaa@city.example"
# State, and whose it is; the team where it is nobody's any more.
DONE, TAKEN = ("completed", "anna@city.example"), ("in_progress", "anna@city.example")
OUTCOMES = {
    "outlook-windows-en": DONE,
    "outlook-windows-es-html": DONE,
    "outlook-web-en-html": TAKEN,
    "gmail-web-en": DONE,
    "gmail-android-de": ("pending", ""),
    "apple-mail-en": ("waiting", ""),
    "iphone-fr-html": DONE,
    "iphone-es": TAKEN,
    "thunderbird-fr": ("pending", ""),
    "samsung-de-html": DONE,
    "gmx-de-html": DONE,
    "proton-en": DONE,
    "notes-en": DONE,
}


@pytest.mark.parametrize("name", OUTCOMES)
def test_what_it_asks_for_is_done(office: Office, name: str) -> None:
    office.mail()
    to = str(office.letters("anna@city.example")[-1]["Reply-To"])
    raw = (CLIENTS / f"{name}.eml").read_bytes().replace(TOKEN, to.encode())
    mail = office.mail("anna@city.example", raw=raw, to=to)
    task = office.task()
    assert (mail.outcome, office.tasks()) == ("joined", 1)
    assert (task.state, task.assignee) == OUTCOMES[name]
    if OUTCOMES[name][0] == "pending":
        assert task.team == "desk@city.example"
