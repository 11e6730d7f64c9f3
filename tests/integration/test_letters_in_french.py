"""Letters to who reads French: their words stand as French ones do."""

from pathlib import Path

from tests.office import RULES, Office, text_of


def test_facts_and_what_comes_next(tmp_path: Path) -> None:
    office = Office(tmp_path, rules=RULES.replace("works@city.example", "office@school.example"))
    office.mail(subject="A leak")

    (letter,) = office.letters("sofie@school.example")
    text = text_of(letter).replace("\r\n", "\n")
    assert "De : " in text and "Équipe : school\nPriorité : haute\n" in text
    # Whoever it is: a participle would have to know whether that is a man or a woman.
    assert "on avertira Chris Chief (niveau 1)" in text
    office.close()
