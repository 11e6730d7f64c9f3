"""What is wrong is said with the right key, and with what was meant."""

from pathlib import Path

import pytest

from tests.unit.conf.conftest import read, wrong


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("smtp: {hots: x}", "did you mean host?"),
        ("public_url: https://x.example", "it belongs at web.public_url"),
        ("web: {domains: [a]}", "it belongs at organization.domains or intake.smtp.domains"),
        ("publik_url: x", "did you mean web.public_url?"),
        ("qwertz: 1", "allowed: audit, backup, blobs, calendars"),
        ("rules:\n- name: x", "rules stand in a file of their own"),
        ("organization: {name: 1.5}", "put it in quotes"),
        ("organization: {name: 42}", "put it in quotes"),
        ("web: {port: 017}", "not a whole number"),
        ('calendars: {"a\\nb": {hours: "08:00-17:00"}}', "this name can't be used"),
        ("organization: {language: francais}", "allowed: en, fr"),
        ("organization: {zone: europe/paris}", "did you mean Europe/Paris?"),
        ("organization: {zone: ../../etc/passwd}", "not a time zone"),
        ("organization: {country: XX}", "no country 'XX'"),
        ("web: {port: 70000}", "from 1 to 65535"),
        ("web: {port: true}", "not a whole number, got true"),
        ("web: {port: 8000.0}", "not a whole number"),
        ("web: 8000", "expected keys under it"),
        ("web: {public_url: orgo.example}", "not a web address"),
        ("intake: {smtp: {enabled: maybe}}", "expected true or false"),
        ("intake: {smtp: {max_size: 0}}", "not a size"),
        ("intake: {smtp: {max_size: 5 MO}}", "not a size"),
        ("intake: {smtp: {trusted_relays: [10.0.0.0/99]}}", "not an IP address or network"),
        ("smtp: {host: 'https://m.example', from: a@b.example}", "without :// and path"),
        ("smtp: {host: 'm.example:587', from: a@b.example}", "as port: 587"),
        ("smtp: {host: m.example, username: orgo}", "smtp.from: is missing"),
        ("smtp: {host: m.example, from: 'Orgo <a@b.example>'}", "only the address is allowed"),
        (
            "imap: {host: m.example, username: u, password: '${P}', folder: \"INBOX\\r\\nA1 DELETE x\"}",
            "no control characters",
        ),
        (
            "imap: {host: m.example, username: \"u\\nx\", password: '${P}'}",
            "imap[0].username: no control characters",
        ),
        ("calendars: {office: {hours: 8-17}}", "no time from-to"),
        ("calendars: {office: {hours: '08:00-17:00', closed: [2026-02-31]}}", "no such day in the calendar"),
        ("calendars: {office: {hours: '08:00-17:00', closed: [20261224]}}", "not a date"),
        ("calendars: {o: {hours: '08:00-17:00', country: DE, subdivision: BX}}", "no part 'BX' of DE"),
        ("teams: {calendar: office}", "no calendar 'office'"),
        ("default_levels: []", "is empty"),
        ("default_levels: [{after: 0 hours, to: supervisor}]", "default_levels[0].after"),
        ("default_levels: [{after: 5 minutess, to: supervisor}]", "5 minutess"),
        ("default_levels: [{after: 2, to: supervisor}]", "a duration needs a unit"),
        ("default_levels: [{after: 2 hours, to: supervisr}]", "did you mean supervisor?"),
        (
            "default_levels: [{after: 2 hours, to: team}, {after: 1 hours, to: team}]",
            "no later than the level before",
        ),
        ("triage: nobody", "no team 'nobody'"),
        ("web: {secret_key: '${P}'}", "too short"),
        ("intake: {smtp: {host: 0.0.0.0}}", "no domains are given"),
        ("smtp: {host: m.example, from: a@b.example, password: '${P}'}", "smtp.username: is missing"),
        ("smtp: {host: m.example, from: a@b.example, ca_file: ca.pem}", "no such file"),
        ("database: mysql://d.example/o", "not a database"),
        ("queue: kafka://q.example", "not a queue"),
        ("queue_prefix: orgo*", "letters, digits"),
        ("database_connections: 4", "whole number"),
    ],
)
def test_a_mistake_is_explained(home: Path, text: str, words: str) -> None:
    """One mistake, one message with what is allowed or what was meant."""
    found = wrong(home, text, P="secret")

    assert len([line for line in found if words in line]) == 1, found


def test_a_config_that_lost_its_indentation_is_shown_as_it_was_meant(home: Path) -> None:
    """One problem instead of one for each key, and no password in it."""
    text = "smtp:\nhost: smtp.organization.com\nport: 587\nusername: me@organization.com\npassword: hunter2\n"
    text += (
        "imap:\nhost: imap.organization.com\nport: 993\nusername: me@organization.com\npassword: hunter2\n"
    )
    (found,) = wrong(home, text)

    assert "the keys of smtp stand beside it" in found
    assert "smtp:\n  host: smtp.organization.com\n  port: 587\n" in found
    assert "imap:\n  host: imap.organization.com\n" in found
    assert "  password: ${IMAP_PASSWORD}" in found


def test_the_shown_form_of_a_flat_config_is_one_that_works(home: Path) -> None:
    """Copied into the file, it is read."""
    (found,) = wrong(home, "smtp:\nhost: m.example\nusername: u@m.example\npassword: x\n")
    shown = found.split("like this:\n")[1]

    assert read(home, shown, SMTP_PASSWORD="x").smtp is not None


@pytest.mark.parametrize("name", ["NO", "on", "8:30", "1.10", "017", "2026-13-45", "yes"])
def test_text_stays_text(home: Path, name: str) -> None:
    """Norway is a country, and 1.10 is not 1.1."""
    assert read(home, f"organization: {{name: {name}}}").organization.name == name


def test_a_country_may_be_in_small_letters(home: Path) -> None:
    assert read(home, "organization: {country: fr}").organization.country == "FR"


def test_what_follows_from_a_mistake_is_not_said(home: Path) -> None:
    """From follows from the username, so a wrong username is one mistake."""
    found = wrong(home, 'smtp: {host: m.example, username: "u\\n@m.example"}')

    assert [line.split(": ")[1] for line in found] == ["smtp.username"]


def test_two_accounts_on_one_folder_are_refused(home: Path) -> None:
    """They would take each other's mail."""
    box = "{host: m.example, username: U@m.example, password: '${P}', name: %s, folder: %s}"
    text = f"imap: {box % ('a', 'INBOX')}\nmailboxes:\n- {box % ('b', 'inbox')}\n- {box % ('A', 'Sent')}\n"
    found = wrong(home, text, P="x")

    assert "is read already by the mailbox at config.yaml:1" in found[0]
    assert "the name 'A' is taken" in found[1]


def test_an_empty_file_was_cut_off(home: Path) -> None:
    """Nobody writes a file of no bytes on purpose; starting with all defaults would hide the loss."""
    (home / "config.yaml").write_bytes(b"\n \n")

    assert "the file is empty" in wrong(home)[0]


def test_user_names_as_exchange_wants_them_are_taken(home: Path) -> None:
    """DOMAIN\\user\\mailbox."""
    config = read(home, r"imap: {host: m.example, username: CITY\orgo\info, password: '${P}'}", P="x")

    assert config.imap[0].username == r"CITY\orgo\info"
