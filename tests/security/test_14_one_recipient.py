"""S14: each letter names one recipient, and nobody learns from it who else was told."""

from tests.office import Office


def test_every_letter_has_one_recipient(office: Office) -> None:
    office.mail()
    office.later(hours=5)
    office.answer("anna@city.example", "done")

    assert len(office.catcher.caught) >= 5
    for caught, letter in zip(office.catcher.caught, office.letters(), strict=True):
        assert letter.get_all("To") == [caught.recipient]
        assert letter["Cc"] is None and letter["Bcc"] is None
