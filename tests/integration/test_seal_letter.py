"""The trail's seals are kept outside, by mail: a trail that was written anew by whoever has its key is known by them."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.database import environment
from tests.office import CONFIG, Office, start_django, text_of

start_django()
from orgo.audit.keys import signing_key
from orgo.audit.models import Entry, Event, Seal
from orgo.audit.seal import seal
from orgo.audit.verify import verify
from orgo.flow.posting import letter_failed
from orgo.flow.seal_letter import mail_seal
from orgo.outbox.claim import claim

KEEPER = "keeper@outside.example"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """An office whose seals go outside, with a leak in its trail."""
    office = Office(tmp_path, config=f"{CONFIG}audit: {{{{seal_to: [{KEEPER}]}}}}\n")
    office.mail()
    close(office)
    yield office
    office.close()


def close(office: Office) -> None:
    """Seal what is not sealed yet."""
    seal(signing_key(office.config), office.config.var)


def kept(office: Office) -> list[tuple[int, str]]:
    """The (number, hash) of the seals in the keeper's mail."""
    office.settle()
    letters = [text_of(letter).replace("=\n", "") for letter in office.letters(KEEPER)]
    found = [re.search(r"orgo audit verify --seal (\d+):([0-9a-f]{64})", text) for text in letters]
    return [(int(one[1]), one[2]) for one in found if one is not None]


def write_anew(office: Office) -> None:
    """What somebody does who has the database and its key: another past, sealed as the first was."""
    Entry.objects.all().delete()
    Seal.objects.all().delete()
    (office.config.var / "audit.head").unlink()
    Event.objects.filter(type="task.opened").update(actor="nobody@city.example")
    close(office)


def test_one_letter_a_day_has_the_newest_seal(office: Office) -> None:
    """The first leaves at once, the others at eight; two clocks look every quarter of an hour."""
    leaving = []
    for _ in range(4 * 24 * 2):
        leaving += [office.clock.now()] * (mail_seal() + mail_seal())
        office.clock.move_to(office.clock.now() + timedelta(minutes=15))
        close(office)

    first, second = kept(office)
    assert first[1] == bytes(Seal.objects.get(number=1).hash).hex()
    assert (first[0], second[0]) == (1, 2)
    assert [at.hour for at in leaving] == [8, 8]
    subjects = [letter["Subject"] for letter in office.letters(KEEPER)]
    assert subjects == ["[City of Alder] Seal 1 of the trail", "[City of Alder] Seal 2 of the trail"]


def test_a_trail_that_has_the_seal_holds(office: Office) -> None:
    mail_seal()
    office.mail(subject="Another leak")
    close(office)
    assert verify(office.config.var, known=kept(office)).wrong is None


def test_a_trail_that_was_written_anew_is_known_by_the_seal_alone(office: Office) -> None:
    mail_seal()
    known = kept(office)
    write_anew(office)

    assert verify(office.config.var).wrong is None
    wrong = verify(office.config.var, known=known).wrong
    assert wrong is not None and "seal 1 is another one than was kept elsewhere" in wrong.words


def test_a_trail_without_the_seal_was_cut_off(office: Office) -> None:
    wrong = verify(office.config.var, known=[(7, "0" * 64)]).wrong
    assert wrong is not None and "the end was cut off: seal 7" in wrong.words


def test_nobody_gets_any_where_none_is_named(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.mail()
    close(office)
    assert mail_seal() == 0
    office.close()


@pytest.fixture
def run(
    office: Office, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """Run `orgo audit verify WORDS`; gives the exit code and what was said."""
    from django.conf import settings

    from orgo.cli.main import main

    there = environment() or {"ORGO_DATABASE": f"sqlite:///{settings.DATABASES['default']['NAME']}"}
    for name, value in {**there, "ORGO_HOME": str(office.home)}.items():
        monkeypatch.setenv(name, value)

    def work(*words: str) -> tuple[int, str]:
        code, said = main(["audit", "verify", *words]), capsys.readouterr()
        return code, said.out + said.err

    return work


@pytest.mark.parametrize(
    "given",
    ["12", "x:" + "0" * 64, "12:abc", ":" + "0" * 64, "0:" + "0" * 64, "9" * 5000 + ":" + "0" * 64],
)
def test_what_is_no_seal_is_refused(run: Callable[..., tuple[int, str]], given: str) -> None:
    code, said = run("--seal", given)
    assert code == 2 and "not a seal: its number, a colon and its hash" in said


def test_the_command_of_the_letter_says_whether_it_holds(
    office: Office, run: Callable[..., tuple[int, str]]
) -> None:
    """Of two hashes that were kept for one number one is wrong, whichever comes last."""
    mail_seal()
    ((number, hash),) = kept(office)
    right, wrong = f"{number}:{hash}", f"{number}:{'0' * 64}"
    assert run("--seal", right)[0] == 0
    for pair in ((wrong, right), (right, wrong)):
        code, said = run("--seal", pair[0], "--seal", pair[1])
        assert code == 5 and "seal 1 is another one than was kept elsewhere" in said


def test_an_address_that_is_named_twice_gets_one(tmp_path: Path) -> None:
    office = Office(tmp_path, config=f"{CONFIG}audit: {{{{seal_to: [{KEEPER}, {KEEPER.upper()}]}}}}\n")
    office.mail()
    close(office)
    assert mail_seal() == 1
    office.close()


def test_the_administrators_hear_of_one_that_does_not_arrive(office: Office) -> None:
    office.settle()
    office.forget()
    mail_seal()
    (letter,) = claim(10)
    letter_failed(letter, "550 no such user")
    office.settle()
    (told,) = office.letters("admin@city.example")
    assert told["Subject"] == f"The trail's seal did not reach {KEEPER}"
