"""`orgo mail`: the blueprint's block word for word, the JSON of the design, nothing written."""

import io
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import pytest

from orgo.cli.main import main
from orgo.intake.controller import Listening
from orgo.lib import clock
from orgo.message import limits

SAMPLE = Path(__file__).resolve().parents[3] / "config" / "samples" / "water-leak.eml"
BLOCK = """Parsed Email:
Sender: secretary@organization.com
Subject: Water Leak in Room 102
Keywords: [urgent, leak]
Routed To: maintenance@organization.com
"""
KEYS = (
    "file message_id from to cc reply_to subject date text html reply_text keywords attachments is_auto_reply is_bounce bounce "
    "is_list in_reply_to references warnings"
).split()


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home with the shipped configuration."""
    (tmp_path / "config").symlink_to(SAMPLE.parents[1])
    monkeypatch.setenv("ORGO_HOME", str(tmp_path))
    return tmp_path


def test_route_prints_the_blueprints_block_and_writes_nothing(home, capsys):
    assert main(["mail", "route", str(SAMPLE)]) == 0
    assert capsys.readouterr().out == BLOCK
    assert [entry.name for entry in home.iterdir()] == ["config"]


def test_route_gives_one_json_object_a_mail_in_the_order_of_the_files(home, tmp_path, capsys):
    other = tmp_path / "other.eml"
    other.write_bytes(b"From: a@b.example\nSubject: Hello\n\nNothing\n")
    assert main(["mail", "route", "--json", str(SAMPLE), str(other)]) == 0
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert [*first] == [*KEYS, "decision"]
    decision = first["decision"]
    assert [*decision] == "route_to rule revision priority labels attach levels reasons".split()
    assert (decision["route_to"], decision["rule"]) == ("maintenance@organization.com", "Water leaks")
    assert decision["reasons"][0]["words"] == ["leak"]
    assert second["file"] == str(other)
    assert second["decision"]["rule"] is None


@pytest.mark.parametrize(
    ("head", "team"),
    [
        (
            b"Received: by mx.example; Mon, 7 Sep 2026 23:10:00 +0200\nReceived: by a; Mon, 7 Sep 2026 09:00 +0200\n",
            "night",
        ),
        (b"Received: by mx.example; no date\n", "day"),
        (b"", "day"),
    ],
)
def test_it_is_the_hour_at_which_a_mail_came_and_not_the_one_that_it_says(home, tmp_path, capsys, head, team):
    rules = tmp_path / "new.yaml"
    rules.write_text(
        'default: {route_to: day@x.example}\nrules:\n  - {condition: "hour >= 20", action: {route_to: night@x.example}}\n'
    )
    mail = tmp_path / "a.eml"
    mail.write_bytes(
        head + b"From: a@x.example\nTo: b@x.example\nDate: Mon, 7 Sep 2026 10:00:00 +0200\n\nHello\n"
    )
    assert main(["mail", "route", "--rules", str(rules), str(mail)]) == 0
    assert f"Routed To: {team}@x.example" in capsys.readouterr().out


def test_parse_reads_without_any_configuration_and_without_django(tmp_path):
    words = "import sys; from orgo.cli.main import main; main(['mail', 'parse', '--json', sys.argv[1]]); print('django' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", words, str(SAMPLE)], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    found, django = done.stdout.splitlines()
    assert [*json.loads(found)] == KEYS
    assert django == "False"


def test_parse_goes_by_the_homes_keywords_and_limits(home, monkeypatch, capsys):
    assert main(["mail", "parse", "--json", str(SAMPLE)]) == 0
    assert json.loads(capsys.readouterr().out)["keywords"] == ["urgent", "leak"]
    assert main(["mail", "parse", str(SAMPLE)]) == 0
    assert "Keywords: urgent, leak\n" in capsys.readouterr().out
    monkeypatch.setenv("ORGO_LIMITS__HEADERS", "3")
    monkeypatch.setattr(limits, "_current", limits.current())  # so that no other test goes by these
    assert main(["mail", "parse", "--json", str(SAMPLE)]) == 0
    assert "(limit.headers)" in json.loads(capsys.readouterr().out)["warnings"][0]


def test_parse_reads_standard_input(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(SAMPLE.read_bytes())))
    assert main(["mail", "parse", "-"]) == 0
    assert "Subject: Water Leak in Room 102" in capsys.readouterr().out


def test_a_missing_file_is_wrong_input_and_all_are_named(capsys):
    assert main(["mail", "parse", "nix.eml", str(SAMPLE), "nox.eml"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "orgo: nix.eml: no such file",
        "orgo: nox.eml: no such file",
    ]


def test_what_could_not_be_read_is_told_and_the_rest_is_done(tmp_path, capsys):
    (tmp_path / "old.pst").write_bytes(b"!BDN")
    (tmp_path / "a.eml").write_bytes(SAMPLE.read_bytes())
    assert main(["mail", "parse", "--json", str(tmp_path)]) == 6
    said = capsys.readouterr()
    assert "old.pst" in said.err
    assert len(said.out.splitlines()) == 1


@pytest.mark.parametrize("order", ["parse", "route"])
def test_where_nothing_could_be_read_the_input_was_wrong(home, tmp_path, capsys, order):
    empty = tmp_path / "empty.eml"
    empty.touch()
    assert main(["mail", order, str(empty)]) == 2
    assert "empty.eml" in capsys.readouterr().err


def test_a_mail_that_breaks_the_parser_has_its_line_and_the_others_theirs(tmp_path, monkeypatch, capsys):
    from orgo.message import parse
    from orgo.message.pool import ParseFailure

    def breaking(pool, raws):
        return [ParseFailure("it died") if b"bomb" in raw else parse(raw) for raw in raws]

    monkeypatch.setattr("orgo.message.pool.ParserPool.parse", breaking)
    for number, word in enumerate((b"one", b"bomb", b"two")):
        (tmp_path / f"{number}.eml").write_bytes(b"Subject: %s\n\nx\n" % word)
    assert main(["mail", "parse", "--json", str(tmp_path)]) == 6
    said = capsys.readouterr()
    first, second, third = (json.loads(line) for line in said.out.splitlines())
    assert (first["subject"], third["subject"]) == ("one", "two")
    assert second == {"file": str(tmp_path / "1.eml"), "error": {"message": "it died"}}
    assert "1.eml: it died" in said.err


def test_two_rule_sets_are_compared_on_mails(home, tmp_path, capsys):
    new, old = tmp_path / "new.yaml", tmp_path / "old.yaml"
    rule = "rules:\n  - {{name: Leaks, condition: \"subject contains 'leak'\", action: {{route_to: {}@organization.com}}}}\n"
    new.write_text(rule.format("it"))
    old.write_text(rule.format("maintenance"))
    assert main(["mail", "route", str(SAMPLE), "--rules", str(new), "--against", str(old)]) == 0
    said = capsys.readouterr().out
    assert "maintenance@organization.com -> it@organization.com" in said
    assert "leak" in said
    assert "1 mail, 1 decided differently" in said
    assert main(["mail", "route", str(SAMPLE), "--rules", str(new), "--against", str(new), "--json"]) == 0
    assert capsys.readouterr().out == ""
    assert (
        main(["mail", "route", str(SAMPLE), "--rules", str(new), "--against", str(new), "--json", "--all"])
        == 0
    )
    assert json.loads(capsys.readouterr().out)["changed"] == []


def test_bad_rules_are_refused_with_their_place(home, tmp_path, capsys):
    rules = tmp_path / "bad.yaml"
    rules.write_text("rules:\n  - {name: x, condition: \"subject contians 'a'\", action: {route_to: it}}\n")
    assert main(["mail", "route", str(SAMPLE), "--rules", str(rules)]) == 2
    assert "bad.yaml:2:" in capsys.readouterr().err


def test_a_sample_with_nobody_listening_says_where(home, monkeypatch, capsys):
    monkeypatch.setenv("ORGO_INTAKE__SMTP__PORT", "1")
    assert main(["mail", "send-sample"]) == 69
    assert "127.0.0.1:1" in capsys.readouterr().err


def test_our_sample_is_of_today_and_a_file_goes_as_it_is(home, monkeypatch, capsys):
    class Keeping:
        taken: ClassVar[list[bytes]] = []

        async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
            self.taken.append(envelope.content.replace(b"\r\n", b"\n"))
            return "250 taken"

    listening = Listening(Keeping(), "127.0.0.1", 0)
    monkeypatch.setenv("ORGO_INTAKE__SMTP__PORT", str(listening.listen()))
    try:
        with clock.using(clock.VirtualClock(datetime(2027, 1, 4, 8, tzinfo=UTC))):
            codes = [main(["mail", "send-sample"]), main(["mail", "send-sample", str(SAMPLE)])]
    finally:
        listening.stop()
    assert codes == [0, 0]
    ours, as_it_is = Keeping.taken
    was, now = b"\nDate: Fri, 4 Sep 2026 16:48:10 +0200\n", b"\nDate: Mon, 04 Jan 2027 08:00:00 +0000\n"

    assert as_it_is.strip() == SAMPLE.read_bytes().strip()
    assert ours == as_it_is.replace(was, now) != as_it_is


def test_a_refused_sample_is_told_in_the_servers_words(home, monkeypatch, capsys):
    class Refusing:
        async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 - aiosmtpd's name
            return "550 5.7.1 not here"

    listening = Listening(Refusing(), "127.0.0.1", 0)
    monkeypatch.setenv("ORGO_INTAKE__SMTP__PORT", str(listening.listen()))
    try:
        assert main(["mail", "send-sample"]) == 1
    finally:
        listening.stop()
    said = capsys.readouterr().err

    assert "did not take the mail: " in said and "@organization.com: 550 5.7.1 not here" in said
    assert "{" not in said and "b'" not in said


def test_a_closed_output_ends_quietly():
    words = [sys.executable, "-c", "import sys; from orgo.cli.main import main; sys.exit(main(sys.argv[1:]))"]
    child = subprocess.Popen(
        [*words, "mail", "parse", "--json", *[str(SAMPLE)] * 200],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert child.stdout is not None and child.stderr is not None
    child.stdout.close()
    assert child.stderr.read() == b""
    child.stderr.close()
    assert child.wait() == 0


def test_route_knows_what_the_border_found_out(home, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("ORGO_INTAKE__SMTP__AUTHSERV_ID", "mx.city.example")
    rules = tmp_path / "border.yaml"
    fits = "auth.spf is pass and auth.dkim is pass and auth.dmarc is pass and spam_score < 1"
    rules.write_text(
        f'rules:\n  - {{name: proved, condition: "{fits}", action: {{route_to: it@a.example}}}}\n'
    )
    mail, forged = tmp_path / "mail.eml", tmp_path / "forged.eml"
    said = b"Authentication-Results: mx.city.example; spf=pass; dkim=pass; dmarc=pass\nX-Spam-Score: 0.1\n"
    mail.write_bytes(said + b"From: a@b.example\nSubject: Hello\n\nNothing\n")
    forged.write_bytes(mail.read_bytes().replace(b"mx.city.example", b"mx.evil.example"))

    assert main(["mail", "route", "--json", "--rules", str(rules), str(mail), str(forged)]) == 0
    decisions = [json.loads(line)["decision"]["rule"] for line in capsys.readouterr().out.splitlines()]
    assert decisions == ["proved", None]
