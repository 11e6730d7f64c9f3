"""`orgo audit verify` and `export`."""

import json

from tests.office import start_django

start_django()


def _sealed(office):
    from orgo.audit.keys import signing_key
    from orgo.audit.seal import seal

    office.mail()
    office.answer("anna@city.example", "done")
    seal(signing_key(office.config), office.config.var)


def test_a_whole_trail_is_said_to_be_whole(office, run):
    _sealed(office)
    code, out, err = run("audit", "verify", "--key", str(office.config.var / "audit.pub"))
    assert (code, err) == (0, "") and "1 seals, 0 not sealed yet" in out


def test_where_no_head_is_kept_it_says_so(office, run):
    _sealed(office)
    (office.config.var / "audit.head").unlink()
    code, _, err = run("audit", "verify", "--json")
    assert code == 0 and "no head is kept here" in err


def test_a_new_key_signs_on_and_both_are_given(office, run):
    _sealed(office)
    before = (office.config.var / "audit.pub").read_text().strip()
    assert run("audit", "new-key", "--as", "anna@city.example")[0] == 4
    code, out, err = run("audit", "new-key")
    former = office.config.var / f"audit.pub.{before[:8]}"
    assert str(former) in err and str(office.config.var / "audit.pub") in err
    assert former.read_text().strip() == before
    from orgo.ops.up import seal_round

    seal_round(office.config)
    assert code == 0 and run("audit", "verify", "--key", out.strip())[0] == 5
    assert run("audit", "verify", "--key", before, "--key", out.strip())[0] == 0


def test_a_trail_of_another_key_than_the_published_one_is_said(office, run):
    _sealed(office)
    file = office.config.var / "audit.pub"
    now = file.read_text().strip()
    file.write_text("07" * 32 + "\n")
    code, out, err = run("audit", "verify")
    assert code == 5 and "1 seals" in out and now[:16] in err and "07070707" in err
    code, _, err = run("audit", "verify", "--key", now)
    assert code == 0 and "audit.pub names the key 07070707" in err


def test_a_changed_event_is_named_with_both_hashes(office, run):
    from orgo.audit.models import Entry, Event

    _sealed(office)
    Event.objects.filter(pk=Entry.objects.get(number=2).event).update(actor="eve@evil.example")
    code, out, err = run("audit", "verify", "--json")
    assert code == 5 and "number 2: the event was changed (expected " in err
    wrong = json.loads(out.splitlines()[0])["wrong"]
    assert wrong["number"] == 2 and len(wrong["expected"]) == len(wrong["found"]) == 64


def test_a_removed_event_is_named_and_what_waits_is_counted_right(office, run):
    from orgo.audit.models import Entry, Event

    _sealed(office)
    Event.objects.filter(pk=Entry.objects.get(number=2).event).delete()
    code, out, err = run("audit", "verify")
    assert code == 5 and ", 0 not sealed yet" in out and "number 2: the event was removed" in err
    office.mail()
    assert ", 1 not sealed yet" in run("audit", "verify")[1]


def test_what_is_no_key_is_refused(office, run):
    assert run("audit", "verify", "--key", "abc")[0] == 2


def test_the_export_holds_every_event_and_its_seal(office, run):
    from orgo.audit.models import Event

    _sealed(office)
    found = [json.loads(line) for line in run("audit", "export")[1].splitlines()]
    assert [one["number"] for one in found if "number" in one] == list(range(1, Event.objects.count() + 1))
    assert found[-1]["seal"] == 1


def test_only_who_may_see_the_trail_exports_it(office, run):
    _sealed(office)
    assert run("audit", "export", "--as", "anna@city.example")[0] == 4
    code, out, err = run("audit", "export", "--as", "rolf@city.example")
    assert code == 0 and err.endswith("events\n") and out.count('"number"') > 2
