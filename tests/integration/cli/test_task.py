"""`orgo task`: what the page does, from a terminal."""

import os

KEYS = "reference title state level priority type labels team assignee requester due_at created_at updated_at rule".split()


def test_list_shows_the_open_tasks_in_the_designs_json(office, run, objects):
    office.mail(subject="A leak")
    office.mail(subject="Something else")
    office.mail(subject="A leak again")
    closed = office.task()
    assert run("task", "done", closed.reference)[0] == 0
    found = objects("task", "list")
    assert [[*task] for task in found] == [KEYS, KEYS]
    assert {task["title"] for task in found} == {"A leak", "Something else"}
    assert [task["title"] for task in objects("task", "list", "--team", "works")] == ["A leak"]
    assert len(objects("task", "list", "--all")) == 3
    assert [task["title"] for task in objects("task", "list", "--search", "something")] == ["Something else"]
    assert [task["title"] for task in objects("task", "list", "--state", "completed")] == ["A leak again"]
    assert objects("task", "list", "--label", "none") == []
    assert "A leak" in run("task", "list")[1]


def test_a_list_that_is_cut_says_so(office, run):
    for subject in ("A leak", "Another", "A third one"):
        office.mail(subject=subject)
    code, out, err = run("task", "list", "--limit", "2", "--json")
    assert (code, len(out.splitlines())) == (0, 2)
    assert err == "orgo: these are 2 of 3 tasks: --limit 3 shows all\n"
    assert run("task", "list", "--limit", "3")[2] == ""


def test_who_was_told_maybe_twice_is_seen(office, run, objects):
    from orgo.outbox.models import Letter

    office.mail(subject="A leak")
    reference = office.task().reference
    Letter.objects.filter(recipient="anna@city.example").update(repeated=True)
    told = {letter["to"]: letter["may_have_arrived_twice"] for letter in objects("task", "told", reference)}
    assert told["anna@city.example"] and not told["ben@city.example"]
    assert run("task", "told", reference)[1].count("sent, maybe twice") == 1


def test_the_list_fits_a_terminal_of_80_columns_and_a_file_gets_all_of_it(office, run, monkeypatch):
    subject = "A leak in the cellar of the old town hall, below the stairs"
    office.mail(subject=subject)
    office.later(hours=2)
    assert subject in run("task", "list")[1]
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setattr("shutil.get_terminal_size", lambda: os.terminal_size((80, 24)))
    heads, row = run("task", "list")[1].splitlines()
    assert heads.split() == ["REF", "DUE", "STATE", "PRIO", "WITH", "TITLE"]
    assert "  pending +1  high  works  A leak in the cellar of" in row
    assert row.endswith("…") and 70 < len(row) <= 80
    office.mail(subject="")
    assert "(no subject)" in run("task", "list")[1]


def test_a_person_acts_with_that_persons_rights(office, run, objects):
    office.mail(subject="A leak")
    reference = office.task().reference
    assert (
        objects("task", "take", reference, "--as", "anna@city.example")[0]["assignee"] == "anna@city.example"
    )
    assert run("task", "take", reference, "--as", "sofie@school.example")[0] == 3
    assert run("task", "take", reference, "--as", "rolf@city.example")[0] == 4
    assert run("task", "take", "ZZZZZZ")[0] == 3
    code, _, err = run("task", "take", reference, "--as", "ana@city.example")
    assert code == 3
    assert "did you mean anna@city.example?" in err
    assert run("task", "assign", reference, "nobody@city.example")[0] == 2
    assert objects("task", "assign", reference, "ben@city.example")[0]["assignee"] == "ben@city.example"


def test_a_conflict_is_told(office, run):
    office.mail(subject="A leak")
    reference = office.task().reference
    assert run("task", "done", reference)[0] == 0
    code, _, err = run("task", "done", reference)
    assert code == 5
    assert err.startswith("orgo: ")
    assert run("task", "reopen", reference)[0] == 0


def test_notes_answers_and_who_was_told(office, run, objects):
    office.mail(subject="A leak")
    reference = office.task().reference
    assert run("task", "comment", reference, "The plumber comes")[0] == 0
    assert run("task", "comment", reference, "  ")[0] == 2
    assert run("task", "answer", reference, "It is repaired")[0] == 0
    office.settle()
    told = objects("task", "told", reference)
    assert all(letter["server_reply"].startswith("250") for letter in told)
    assert ("clara@people.example", "sent") in {(letter["to"], letter["state"]) for letter in told}
    shown = objects("task", "show", reference)[0]
    assert shown["why"]
    assert shown["events"][0]["type"] == "task.opened"
    text = run("task", "show", reference)[1]
    assert "why here" in text
    assert "next         if it is not done by" in text
    assert "2026-09-07 08:00+00:00  the rule 'Leaks' opened it for works" in text
    assert "2026-09-07 08:00+00:00  Ada Admin left a note" in text
    assert "clara@people.example" in run("task", "told", reference)[1]


def test_show_says_by_which_addresses_the_mail_came(office, run, objects):
    from tests.office import written

    raw = written("clara@people.example", "info@city.example", "A leak", office.clock.now())
    office.mail(raw=b"Received: by mx1\r\n" + raw, to="info@city.example")
    office.mail(raw=b"Received: by mx2\r\n" + raw, to="works@city.example")
    reference = office.task().reference
    assert objects("task", "show", reference)[0]["came_by"] == [
        {"address": "info@city.example", "mailbox": ""},
        {"address": "works@city.example", "mailbox": ""},
    ]
    assert "came in by   info@city.example, works@city.example\n" in run("task", "show", reference)[1]


def test_show_says_what_was_odd_about_the_mail(office, run, objects):
    office.mail(
        raw=b"From: a@x.example\r\nFrom: b@x.example\r\nSubject: leak\r\nMessage-ID: <two@x.example>\r\n\r\nx\r\n"
    )
    reference = office.task().reference
    assert "it has two From headers" in objects("task", "show", reference)[0]["noted"]
    assert "noted        it has two From headers" in run("task", "show", reference)[1]


def test_the_timeline_is_in_words(office, run):
    office.mail(subject="A leak")
    reference = office.task().reference
    office.later(hours=2)
    assert run("task", "take", reference, "--as", "anna@city.example")[0] == 0
    text = run("task", "show", reference)[1]
    assert "2026-09-07 10:00+00:00  the clock escalated it to level 1: Chris Chief was told" in text
    assert "2026-09-07 10:00+00:00  Anna Abel took it" in text


def test_a_sender_who_is_kept_out_of_sight_is_not_told(office, run):
    office.mail(sender="victim@people.example", subject="harassment")
    reference = office.task().reference
    office.settle()
    who = ("--as", "hanna@city.example")
    said = [run("task", *words, *who)[1] for words in (("show", reference), ("told", reference), ("list",))]
    said += [run("task", *words, *who, "--json")[1] for words in (("show", reference), ("told", reference))]
    assert all(reference in text or "harassment" in text for text in said)
    assert not any("victim" in text for text in said)


def test_a_task_is_opened_by_hand(office, run, objects):
    found = objects(
        "task", "open", "Repair the lamp", "--team", "works", "--text", "Room 7", "--label", "lamp"
    )[0]
    assert (found["team"], found["title"], found["labels"]) == (
        "works@city.example",
        "Repair the lamp",
        ["lamp"],
    )
    assert run("task", "open", "x", "--team", "nix")[0] == 2
    assert run("task", "open", " ")[0] == 2
    assert [task["title"] for task in objects("task", "list", "--search", "room")] == ["Repair the lamp"]
    assert run("task", "rebuild", "--check")[0] == 0


def test_rebuild_finds_and_mends_a_row_that_is_not_its_events(office, run):
    from orgo.task.models import Task

    office.mail(subject="A leak")
    Task.objects.update(priority="low")
    code, out, _ = run("task", "rebuild", "--check")
    assert code == 1
    assert "priority" in out
    assert run("task", "rebuild")[0] == 0
    assert office.task().priority == "high"
    assert run("task", "rebuild", "--check")[0] == 0
