"""Every mail of the corpus goes the whole way into a real database: each ends somewhere, and nothing is said to be a defect."""

from pathlib import Path

from tests.office import Office

KINDS = ("*.eml", "*.txt", "*.msg", "*.mbox")
BATCH = 40


def _mails(corpus: Path) -> list[Path]:
    folders = ("parsing", "bounces", "replies", "crypto", "tnef")
    return [
        file
        for folder in folders
        for file in sorted((corpus / folder).rglob("*"))
        if file.is_file() and file.stat().st_size < 5_000_000
    ]


def test_every_mail_ends_somewhere_and_its_bytes_are_kept(office: Office, corpus: Path) -> None:
    from orgo.intake.models import OUTCOMES, Mail
    from orgo.intake.store import Incoming, read_raw
    from orgo.pipeline import take

    files = _mails(corpus)
    assert len(files) > 500
    rows = []
    for start in range(0, len(files), BATCH):
        batch = [file.read_bytes() for file in files[start : start + BATCH]]
        rows += take(
            [
                Incoming(
                    data=data,
                    source="smtp",
                    envelope_from="x@people.example",
                    envelope_to=("info@city.example",),
                )
                for data in batch
            ]
        )
        office.settle()

    wrong = []
    for file, row in zip(files, rows, strict=True):
        mail = Mail.objects.get(pk=row.pk)
        assert mail.outcome in OUTCOMES, file
        assert read_raw(mail.pk) == file.read_bytes(), file
        by_limit = "(limit." in mail.reason or mail.reason.startswith("the mail is empty")
        if mail.outcome == "quarantined" and not by_limit:
            wrong.append(f"{file.name}: {mail.reason}")
    assert wrong == []
