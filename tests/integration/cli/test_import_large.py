"""The largest mails of an Outlook archive, the whole way: one that fits becomes a task, of one that does not the rest does."""

import json

import pytest

from tests.grown import grown

OLD = 93_142  # the attachment of sample1.pst
FITS, TOO_LARGE = 36_000_000, 37_000_000  # a mail may have 50 MB, and base64 makes 78 bytes of 57


@pytest.fixture
def taken(office, run, corpus, tmp_path):
    """What `orgo import` said of an archive with an attachment of so many bytes, when its mail was worked at."""

    def taking(size):
        file = tmp_path / "large.pst"
        file.write_bytes(grown((corpus / "pst/pstsdk/sample1.pst").read_bytes(), OLD, size))
        code, out, _ = run("import", str(file), "--as", "work", "--since", "2000-01-01", "--json")
        office.settle()
        return code, json.loads(out)

    return taking


def the_mail():
    from orgo.intake.models import Mail

    return Mail.objects.get()


def test_a_mail_of_nearly_fifty_megabytes_becomes_a_task_with_its_attachment_whole(office, taken):
    """bad input 29, in an archive: the last size that fits."""
    from orgo.intake.store import read_raw
    from orgo.message import attachment_content, parse

    assert taken(FITS)[0] == 0
    mail = the_mail()
    assert (mail.outcome, mail.task) == ("opened", office.task().id) and 49_000_000 < mail.size <= 50_000_000
    (attached,) = mail.attachments
    assert (attached["size"], attached["damaged"]) == (FITS, False)
    raw = read_raw(mail.pk)
    assert len(attachment_content(raw, parse(raw).attachments[0].index)) == FITS


def test_an_attachment_with_which_the_mail_would_be_too_large_is_listed_and_the_rest_is_taken(office, taken):
    """bad input 29, in an archive: the text becomes a task, which says what is not there."""
    code, said = taken(TOO_LARGE)
    mail = the_mail()

    ((where, why),) = [tuple(one.values()) for one in said["unread"]]
    assert code == 6 and where.endswith("/Sample1#1")
    assert "with which the mail would be larger than 50000000 bytes; the rest was taken" in why
    assert mail.outcome == "opened" and mail.size < 20_000 and office.task().title == mail.subject
    assert "with it the mail would be larger than 50000000 bytes" in mail.text
