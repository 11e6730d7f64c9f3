"""`orgo quarantine`: what could not be read, looked at and decided on."""

import json

import pytest

from tests.office import written


def mail(number):
    from orgo.intake.models import Mail

    return Mail.objects.get(pk=number)


@pytest.fixture
def bad(office):
    """A mail that is in quarantine."""
    row = office.mail(raw=b" ")
    assert row.outcome == "quarantined"
    return row


def test_it_is_listed_and_shown_with_the_reason(bad, objects, run):
    (found,) = objects("quarantine", "list")
    assert (found["number"], found["size"], found["task"] is not None) == (bad.pk, 1, True)
    assert found["reason"]
    assert objects("quarantine", "show", str(bad.pk))[0]["begin"] == " "
    assert str(bad.pk) in run("quarantine", "list")[1]
    assert run("quarantine", "show", "7")[0] == 3
    assert run("quarantine", "list", "--as", "anna@city.example")[0] == 4


def test_retry_lets_it_be_decided_again_and_what_still_cannot_be_read_keeps_its_task(office, bad, run):
    first = office.task()
    assert run("quarantine", "retry")[0] == 2
    assert run("quarantine", "retry", "7")[0] == 3
    code, out, _ = run("quarantine", "retry", str(bad.pk), "7", "--json")
    assert (code, json.loads(out)) == (6, {"retried": [bad.pk], "missing": [7]})
    row = mail(bad.pk)
    assert (row.outcome, row.attempts) == ("", 0)
    office.settle()
    row = mail(bad.pk)
    assert (row.outcome, row.task) == ("quarantined", first.pk)
    assert office.task(first.reference).state == "pending"
    assert run("quarantine", "retry", "--all")[0] == 0


def test_retry_all_makes_tasks_of_what_the_new_version_reads(office, run):
    from orgo.flow.house import open_house
    from orgo.flow.place import quarantine
    from orgo.flow.unit import Unit
    from orgo.intake.store import Incoming, store

    raws = [
        written("c@people.example", "info@city.example", f"Water leak {n}", office.clock.now())
        for n in range(3)
    ]
    rows = store(Incoming(data=raw, source="smtp", envelope_to=("info@city.example",)) for raw in raws)
    with Unit(open_house()) as unit:
        for row in rows:
            quarantine(row, "the old version could not read it", unit)
    assert run("quarantine", "retry", "--all")[0] == 0
    office.settle()
    assert {mail(row.pk).outcome for row in rows} == {"opened"}
    assert office.task().title == "Water leak 2"


def test_the_whole_mail_can_be_read(bad, run):
    code, out, _ = run("quarantine", "export", str(bad.pk), "-")
    assert (code, out) == (0, " ")


def test_export_writes_a_new_file_only(bad, run, tmp_path):
    file = tmp_path / "bad.eml"
    assert run("quarantine", "export", str(bad.pk), str(file))[0] == 0
    assert file.read_bytes() == b" "
    assert run("quarantine", "export", str(bad.pk), str(file))[0] == 5
    assert run("quarantine", "export", str(bad.pk), str(tmp_path / "no" / "bad.eml"))[0] == 74
    assert [entry.name for entry in tmp_path.iterdir() if entry.name.startswith(".")] == []


def test_discard_keeps_the_reason(bad, run):
    assert run("quarantine", "discard", str(bad.pk))[0] == 2
    assert run("quarantine", "discard", str(bad.pk), "--reason", "spam")[0] == 0
    row = mail(bad.pk)
    assert row.outcome == "ignored"
    assert "spam" in row.reason
    assert run("quarantine", "discard", str(bad.pk), "--reason", "spam")[0] == 3
