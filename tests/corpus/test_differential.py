"""Our reader beside the Rust parser on every mail of the corpus: where they differ in subject or text, it is known why."""

from pathlib import Path

import fast_mail_parser

from orgo.message import parse

# Bare CRs end the lines of these: a mail for us, one long header for the other.
_BARE_CR = "sisimai/maildir/mac/"
# Where ours reads more, or otherwise on purpose: no boundary named or a wrong one, charsets that the mail names wrongly or
# oddly, encoded words that touch other text, a text of a mail within a mail that counts once.
_KNOWN = frozenset(
    {
        "009.eml", "issue-40.eml", "lhost-apachejames-01.eml", "lhost-kddi-01.eml", "lhost-mailmarshalsmtp-01.eml",
        "lhost-mailru-02.eml", "lhost-mailru-03.eml", "lhost-mailru-06.eml", "lhost-messagingserver-03.eml",
        "lhost-verizon-02.eml", "raw_email4.eml", "rfc3464-06.eml", "rhost-google-02.eml", "undefined_charset_header.eml",
        "legacy/030.eml", "malformed/005.eml", "thirdparty/007.eml", "thirdparty/010.eml",
    }
)  # fmt: skip
_REFUSED_AT_MOST = 5


def words(text: str) -> list[str]:
    return text.split()


def test_where_two_readers_of_a_mail_differ_it_is_known_why(corpus: Path) -> None:
    refused, different = 0, []
    for file in sorted(corpus.rglob("*.eml")):
        raw, name = file.read_bytes(), file.relative_to(corpus).as_posix()
        ours = parse(raw)
        try:
            other = fast_mail_parser.parse_email(raw)
        except Exception:  # it refuses broken base64
            refused += 1
            continue
        same = words(ours.subject) == words(other.subject) and words(ours.text) == words(
            " ".join(other.text_plain)
        )
        if not (same or ours.limit or _BARE_CR in name or name.endswith(tuple(_KNOWN))):
            different.append(name)
    assert different == [] and refused <= _REFUSED_AT_MOST
