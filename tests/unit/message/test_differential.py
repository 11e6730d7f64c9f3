"""Our reader beside two others: what Python writes is read back the same, and where the Rust parser reads a mail we agree."""

import string
from email import policy
from email.message import EmailMessage

import fast_mail_parser
from hypothesis import given, settings
from hypothesis import strategies as st

from orgo.message import attachment_content, parse

_LETTERS = string.ascii_letters + string.digits + " .,;:!?-_()'éèüßñçŁж日本€"
_words = (
    st.text(alphabet=_LETTERS, min_size=1, max_size=60).map(lambda text: " ".join(text.split())).filter(bool)
)
_lines = st.lists(_words, min_size=1, max_size=8).map("\n".join)
_files = st.lists(
    st.tuples(st.from_regex(r"[a-zé]{1,12}\.(pdf|bin|txt)", fullmatch=True), st.binary(max_size=200)),
    max_size=3,
)


def written(subject: str, name: str, text: str, html: str | None, files: list[tuple[str, bytes]]) -> bytes:
    """A mail as Python's own writer makes it."""
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = f'"{name.replace(chr(34), "")}" <anna@x.example>'
    message["Subject"] = subject
    message["Message-ID"] = "<1@x.example>"
    message.set_content(text)
    if html is not None:
        message.add_alternative(f"<p>{html}</p>", subtype="html")
    for file, data in files:
        message.add_attachment(data, maintype="application", subtype="octet-stream", filename=file)
    return message.as_bytes()


@settings(max_examples=120, deadline=None)
@given(_words, _lines, st.none() | _words, _files)
def test_what_python_writes_is_read_back_the_same(
    subject: str, text: str, html: str | None, files: list[tuple[str, bytes]]
) -> None:
    raw = written(subject, "Anna Abel", text, html, files)
    message = parse(raw)

    assert (message.subject, message.text.rstrip("\n")) == (subject, text)
    assert message.sender is not None and (message.sender.name, message.sender.address) == (
        "Anna Abel",
        "anna@x.example",
    )
    assert (message.html.strip() if html is not None else "") == (
        f"<p>{html}</p>" if html is not None else ""
    )
    assert [(a.filename, attachment_content(raw, a.index)) for a in message.attachments] == files


@settings(max_examples=80, deadline=None)
@given(_words, _lines, st.none() | _words)
def test_where_the_rust_parser_reads_a_mail_we_agree(subject: str, text: str, html: str | None) -> None:
    raw = written(subject, "Anna Abel", text, html, [])
    other = fast_mail_parser.parse_email(raw)
    message = parse(raw)

    assert message.subject == other.subject
    assert message.text.split() == " ".join(other.text_plain).split()
