"""The trail is sealed, and whatever is done to it afterwards is found and named."""

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection

from orgo.conf import Config, boot, load
from orgo.ops import trouble
from tests.office import Office, start_django

start_django()
from orgo.audit.keys import Gone, Locked, SigningKey, another_than_published, renew, signing_key
from orgo.audit.models import Entry, Event, Seal, TrailKey
from orgo.audit.seal import seal
from orgo.audit.verify import verify
from orgo.ops.status import snapshot
from orgo.ops.up import seal_round


@pytest.fixture
def var(office: Office) -> Path:
    """The folder of keys, after a day on which 40 events were sealed in blocks of ten."""
    for number in range(10):
        office.mail(subject=f"Leak {number}")
        office.answer("anna@city.example", "take")
    office.later(hours=5)
    key, folder = signing_key(office.config), office.config.var
    while seal(key, folder, limit=10):
        pass
    return folder


def test_what_nobody_touched_holds(office: Office, var: Path) -> None:
    found = verify(var)

    assert found.wrong is None and found.unsealed == 0
    assert found.events == Event.objects.count() >= 20
    assert [row.number for row in Entry.objects.order_by("number")] == list(range(1, found.events + 1))
    assert verify(var, [signing_key(office.config).id]).wrong is None


def test_later_events_get_the_next_numbers(office: Office, var: Path) -> None:
    before = verify(var).events
    office.mail(subject="One more leak")
    assert verify(var).unsealed == 1
    assert seal(signing_key(office.config), var) == 1

    found = verify(var)
    assert (found.events, found.unsealed, found.wrong) == (before + 1, 0, None)


def test_nothing_to_seal_makes_no_block(office: Office, var: Path) -> None:
    seals = Seal.objects.count()

    assert seal(signing_key(office.config), var) == 0 and Seal.objects.count() == seals


def _other_machine(office: Office, folder: Path, **environ: str) -> Config:
    """Another home on the same database."""
    folder.mkdir()
    (folder / "config.yaml").write_text("organization: {zone: UTC}\n")
    return load(folder, {"ORGO_DATABASE": office.config.database, **environ})


def test_two_machines_on_one_database_sign_with_one_key(office: Office, var: Path, tmp_path: Path) -> None:
    secret = boot.secret_key(office.config)
    other = _other_machine(office, tmp_path / "other", ORGO_WEB__SECRET_KEY=secret)
    office.mail(subject="One more leak")

    assert seal_round(other) == 1
    public = (other.var / "audit.pub").read_text()
    assert public == (var / "audit.pub").read_text()
    assert not list(other.var.glob("audit.key")) and not list(var.glob("audit.key"))
    assert verify(other.var, [public.strip()]).wrong is None


def test_a_machine_with_another_secret_seals_nothing_and_says_why(
    office: Office, var: Path, tmp_path: Path
) -> None:
    other = _other_machine(office, tmp_path / "other")
    office.mail(subject="One more leak")

    assert seal_round(other) == 0 and "web.secret_key" in trouble.sentences()["trail"]
    assert seal_round(office.config) == 1 and "trail" not in trouble.sentences()
    assert verify(var, [signing_key(office.config).id]).wrong is None


def test_the_key_lies_under_the_secret_and_moves_on_with_it(
    office: Office, var: Path, tmp_path: Path
) -> None:
    (row,) = TrailKey.objects.all()
    before, was = signing_key(office.config).id, boot.secret_key(office.config)
    new = {"ORGO_WEB__SECRET_KEY": "n" * 50}
    moved = _other_machine(office, tmp_path / "moved", **new, ORGO_WEB__FORMER_KEYS=was)

    assert signing_key(moved).id == before and row.key == before
    assert signing_key(_other_machine(office, tmp_path / "later", **new)).id == before
    with pytest.raises(Locked):
        signing_key(office.config)


def test_the_key_of_a_file_of_earlier_days_goes_on(office: Office, tmp_path: Path) -> None:
    home = _other_machine(office, tmp_path / "home", ORGO_WEB__SECRET_KEY="s" * 50)
    home.var.mkdir()
    (home.var / "audit.key").write_text("07" * 32)

    assert signing_key(home).id == SigningKey(b"\x07" * 32).id


def test_seals_of_keys_before_hold_where_both_are_given(office: Office, var: Path) -> None:
    first = signing_key(office.config).id
    second = renew(office.config, "admin@city.example").id
    assert seal_round(office.config) == 1

    assert first != second and (var / "audit.pub").read_text().strip() == second
    assert verify(var, [first, second]).wrong is None and verify(var).wrong is None
    wrong = verify(var, [second]).wrong
    assert wrong is not None and "seal 1 is not signed" in wrong.words


def test_a_key_that_was_removed_is_not_made_anew_by_itself(
    office: Office, var: Path, caplog: pytest.LogCaptureFixture
) -> None:
    was = (var / "audit.pub").read_text()
    TrailKey.objects.all().delete()
    office.mail(subject="One more leak")

    assert [seal_round(office.config) for _ in range(3)] == [0, 0, 0]
    (said,) = [line for line in caplog.records if line.levelname == "ERROR"]
    assert "orgo audit new-key" in said.getMessage()
    assert not TrailKey.objects.exists() and (var / "audit.pub").read_text() == was
    assert snapshot(office.config)["troubles"].keys() == {"trail"}

    second = renew(office.config, "admin@city.example").id
    event = Event.objects.get(type="audit.key_renewed")
    assert event.data == {"key": second, "before": was.strip()}
    assert seal_round(office.config) == 2 and "trail" not in trouble.sentences()
    assert (var / "audit.pub").read_text().strip() == second
    assert snapshot(office.config)["troubles"] == {} and verify(var, [was.strip(), second]).wrong is None


def test_a_key_of_a_file_that_sealed_nothing_is_no_key_of_a_sealed_trail(office: Office, var: Path) -> None:
    TrailKey.objects.all().delete()
    (var / "audit.key").write_text("07" * 32)

    with pytest.raises(Gone):
        signing_key(office.config)


def test_a_key_that_was_put_in_beside_the_published_one_is_said(office: Office, var: Path) -> None:
    was = (var / "audit.pub").read_text()
    events = Event.objects.count()
    renew(office.config, "eve@evil.example")
    Event.objects.filter(type="audit.key_renewed").delete()
    (var / "audit.pub").write_text(was)
    office.mail(subject="One more leak")

    assert seal_round(office.config) == Event.objects.count() - events
    assert (var / "audit.pub").read_text() == was
    assert was[:16] in snapshot(office.config)["troubles"]["trail"]


def test_where_no_public_key_lies_it_is_written(office: Office, var: Path) -> None:
    was = (var / "audit.pub").read_text()
    (var / "audit.pub").unlink()
    assert another_than_published(var) == ""

    signing_key(office.config)
    assert (var / "audit.pub").read_text() == was


def _change(event: int) -> None:
    Event.objects.filter(pk=event).update(actor="eve@evil.example")


def _change_data(event: int) -> None:
    row = Event.objects.get(pk=event)
    Event.objects.filter(pk=event).update(data={**row.data, "x": 1})


def _remove(event: int) -> None:
    Event.objects.filter(pk=event).delete()


@pytest.mark.parametrize("harm", [_change, _change_data, _remove])
@pytest.mark.parametrize("place", [0, 3, 17, -1])
def test_the_first_event_that_was_touched_is_named(
    office: Office, var: Path, harm: Callable[[int], None], place: int
) -> None:
    entry = list(Entry.objects.order_by("number"))[place]
    harm(entry.event)
    wrong = verify(var).wrong

    assert wrong is not None and wrong.number == entry.number


def test_two_events_that_changed_places_are_found(office: Office, var: Path) -> None:
    one, other = list(Entry.objects.order_by("number"))[4:6]
    Entry.objects.filter(pk=one.pk).update(event=0)
    Entry.objects.filter(pk=other.pk).update(event=one.event)
    Entry.objects.filter(pk=one.pk).update(event=other.event)
    wrong = verify(var).wrong

    assert wrong is not None and wrong.number == one.number


def test_an_event_and_its_entry_changed_together_are_found_by_the_root(office: Office, var: Path) -> None:
    from orgo.audit import canon, journal

    entry = list(Entry.objects.order_by("number"))[12]
    _change(entry.event)
    changed = next(event for number, _, event in journal.sealed() if number == entry.number)
    assert changed is not None
    Entry.objects.filter(pk=entry.pk).update(hash=canon.leaf(entry.number, changed))
    wrong = verify(var).wrong

    assert wrong is not None and wrong.number <= entry.number < wrong.number + 10


def test_a_whole_block_made_anew_is_found_by_the_next_one_and_by_the_key(
    office: Office, var: Path, tmp_path: Path
) -> None:
    """Somebody with the database but without the key seals all of it again."""
    (tmp_path / "thief").mkdir()
    Entry.objects.all().delete()
    Seal.objects.all().delete()
    _change(Event.objects.earliest("id").pk)
    thief = SigningKey(bytes(32))
    while seal(thief, tmp_path / "thief", limit=10):
        pass
    by_head, by_key = verify(var).wrong, verify(tmp_path / "thief", [signing_key(office.config).id]).wrong

    assert by_head is not None and by_key is not None and "not signed" in by_key.words


@pytest.mark.parametrize("kept", [0, 1])
def test_a_trail_whose_end_was_cut_off_is_known_by_its_head(office: Office, var: Path, kept: int) -> None:
    last = Seal.objects.filter(number__lte=kept).order_by("-number").first()
    numbers = Entry.objects.filter(number__gt=last.last if last else 0)
    Event.objects.filter(pk__in=list(numbers.values_list("event", flat=True))).delete()
    numbers.delete()
    Seal.objects.filter(number__gt=kept).delete()
    wrong = verify(var).wrong

    assert wrong is not None and "cut off" in wrong.words and wrong.number == (last.last if last else 0) + 1


def test_an_event_that_was_put_in_behind_its_time_is_found(office: Office, var: Path) -> None:
    Event.objects.create(
        id=5, type="task.completed", actor_kind="user", actor="eve@evil.example", at=office.clock.now()
    )

    assert verify(var).wrong is not None


def test_every_byte_of_a_hundred_places(office: Office, var: Path) -> None:
    """Any change of any column of any table of the trail is found."""
    spread = random.Random(3)
    for _ in range(100):
        entry = spread.choice(list(Entry.objects.all()))
        column, value = spread.choice(
            [
                ("type", "task.lost"),
                ("seq", 9999),
                ("task", 1),
                ("at", office.clock.now()),
                ("v", 2),
                ("actor_kind", "orgo"),
            ]
        )
        row = Event.objects.get(pk=entry.event)
        if getattr(row, column) == value:
            continue
        Event.objects.filter(pk=row.pk).update(**{column: value})
        wrong = verify(var).wrong
        assert wrong is not None and wrong.number == entry.number, column
        Event.objects.filter(pk=row.pk).update(**{column: getattr(row, column)})
    assert verify(var).wrong is None


def test_two_sealers_at_once_leave_no_gap(office: Office, var: Path) -> None:
    import threading

    for number in range(20):
        office.mail(subject=f"Leak again {number}")
    key, done = signing_key(office.config), []

    def work() -> None:
        for _ in range(20):
            done.append(seal(key, var, limit=3))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    found = verify(var)
    assert found.wrong is None and found.unsealed == 0 and sum(done) == 20


def test_the_trail_can_be_checked_without_orgo(office: Office, var: Path) -> None:
    """What `audit export` writes is all that the hashes are made of."""
    import hashlib

    from orgo.audit.export import lines

    exported = list(lines())
    assert sum("number" in entry for entry in exported) == verify(var).events
    for entry in exported:
        if "number" in entry:
            names = ("number", "id", "task", "seq", "v", "type", "actor_kind", "actor", "at", "data")
            text = json.dumps(
                [entry[name] for name in names], separators=(",", ":"), ensure_ascii=False, sort_keys=True
            )
            assert hashlib.sha256(b"\0" + text.encode()).hexdigest() == entry["hash"]
