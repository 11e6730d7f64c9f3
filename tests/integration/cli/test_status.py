"""`orgo status` and `orgo doctor`: how it is, and what to do."""

import json

import pytest


def test_status_counts_what_waits(office, run, objects):
    office.mail(subject="A leak")
    (found,) = objects("status")
    assert found["mail"] == {"waiting": 0, "oldest_seconds": 0, "quarantined": 0, "total": 1}
    assert found["tasks"]["open"] == found["tasks"]["unassigned"] == 1
    assert found["letters"]["sent"] == len(office.told())
    assert [*found["listening"]] == ["web", "smtp"]
    assert "1 open" in run("status")[1]


def test_status_tells_the_age_of_what_waits(office, run):
    from orgo.intake.store import Incoming, store

    store([Incoming(data=b"Subject: x\n\ny", source="smtp")])
    office.clock.advance(seconds=90)
    out = run("status")[1]
    assert "1 waiting (the oldest for 90 s)" in out


def test_doctor_finds_all_well_in_an_office(office, run):
    code, out, _ = run("doctor", "--json")
    found = [json.loads(line) for line in out.splitlines()]
    assert [one["words"] for one in found if one["state"] == "fail"] == []
    assert code == 0
    names = {one["name"] for one in found}
    assert names >= set(
        "python sqlite config rules templates disk secret.key database clock smtp ports queue".split()
    )
    assert "database" in run("doctor")[1]


@pytest.mark.parametrize(
    ("file", "text", "name", "words"),
    [
        ("config/rules.yaml", "rules: [{name: x}]", "rules", "orgo rules check"),
        ("config/templates/received.txt", "Dear {nobody}", "templates", "nobody"),
        ("config/config.yaml", "smtp: {host: 127.0.0.1, port: 1, from: a@b.example}", "smtp", "127.0.0.1:1"),
        ("config/config.yaml", "sntp: 1", "config", "did you mean"),
        ("config/config.yaml", "queue: redis://127.0.0.1:1/0", "queue", "does not answer"),
    ],
)
def test_doctor_names_what_is_not_well(office, run, file, text, name, words):
    (office.home / file).write_text(text)
    code, out, _ = run("doctor", "--json")
    failed = [json.loads(line) for line in out.splitlines()]
    failed = [one for one in failed if one["state"] == "fail"]
    assert code == 1
    assert name in {one["name"] for one in failed}
    assert words in " ".join(one["words"] + one["todo"] for one in failed)


def test_doctor_finds_a_clock_behind_the_trail_and_a_key_that_others_may_read(office, run):
    office.mail(subject="A leak")
    office.clock.now = lambda: office.task().opened_at.replace(year=2020)
    (office.home / "var").mkdir(exist_ok=True)
    key = office.home / "var" / "secret.key"
    key.write_text("x")
    key.chmod(0o644)
    out = run("doctor")[1]
    assert "set the clock" in out
    assert f"chmod 600 {key}" in out
