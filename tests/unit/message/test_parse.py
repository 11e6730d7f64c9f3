"""Reading mail: any bytes, the catalogue of bad input (1 to 50), what a person would see in it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orgo.message import Message, as_json, attachment_content, body_text, content_key, parse, reply_text


def mail(head: str = "", body: str = "It leaks.\r\n", **headers: str) -> bytes:
    lines = {
        "From": "Anna <anna@x.example>",
        "Subject": "Leak",
        "Message-ID": "<1@x.example>",
        "Date": "Mon, 7 Sep 2026 08:00:00 +0200",
    }
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    text = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value is not None)
    return f"{text}{head}\r\n{body}".encode("utf-8", "surrogateescape")


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=600))
def test_any_bytes_are_a_message_and_twice_the_same(raw: bytes) -> None:
    assert parse(raw) == parse(raw)


_PIECES = st.sampled_from(
    [b"From: a@b.c\r\n", b"From: ", b"Subject: =?utf-8?q?=C3", b"?=\r\n", b"Content-Type: multipart/mixed; boundary=x\r\n", b"\r\n", b"--x\r\n", b"--x--\r\n",
     b"Content-Type: text/html; charset=x-unknown\r\n", b"Content-Transfer-Encoding: base64\r\n", b"QUJD", b"=?", b"((((", b"<<>>", b"\xff\xfe", b"\x00",
     b"Content-Type: message/rfc822\r\n", b"filename*0*=utf-8''", b"Auto-Submitted: ;;\r\n", b"Date: 32 Foo\r\n", b"References: <a> <b\r\n"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(_PIECES, max_size=30).map(b"".join))
def test_pieces_of_mail_in_any_order_are_read(raw: bytes) -> None:
    message = parse(raw)

    assert not any(warning.startswith("it could not be read") for warning in message.warnings)
    as_json(message)


def test_a_plain_mail() -> None:
    message = parse(mail())

    assert (message.sender.name, message.sender.address, message.trusted) == ("Anna", "anna@x.example", True)  # type: ignore[union-attr]
    assert (message.subject, message.text, message.message_id) == ("Leak", "It leaks.\n", "<1@x.example>")
    assert message.date is not None and message.date.isoformat() == "2026-09-07T06:00:00+00:00"
    assert message.warnings == []


@pytest.mark.parametrize(
    ("value", "address", "trusted"),
    [
        ("boss@corp.example <x@evil.example>", "x@evil.example", False),
        ("<a@evil.example>b@corp.example", "a@evil.example", False),
        ("a@evil.example,b@corp.example", "a@evil.example", False),
        ("Anna <anna@x.example>", "anna@x.example", True),
        ('"Abel, Anna" <anna@x.example>', "anna@x.example", True),
        ("anna@x.example (Anna)", "anna@x.example", True),
        ("=?utf-8?q?boss=40corp=2Eexample?= <x@evil.example>", "x@evil.example", True),
        ('"boss@corp.example" <x@evil.example>', "x@evil.example", True),
        ("Anna <anna@x.example> <b@y.example>", "b@y.example", False),
        ("Anna <anna@x.example", "anna@x.example", False),
        ("Anna", "", False),
        ("", "", False),
        ("Ω@corp.example", "Ω@corp.example", False),
        ("a@b@c.example", "ab@c.example", False),
        ("(" * 1000 + "a@b.example", "", False),
    ],
)
def test_a_sender_is_trusted_only_when_nothing_about_it_is_odd(
    value: str, address: str, trusted: bool
) -> None:
    """S05, M7: what Python's own parsers read as boss@corp.example is never that."""
    message = parse(mail(From=value))

    assert message.trusted is trusted
    assert (message.sender.address if message.sender else "") in (address, address.replace("ab@", "a@b@"))


def test_two_from_headers_are_both_kept_and_not_trusted() -> None:
    message = parse(mail("From: eve@evil.example\r\n"))

    assert [a.address for a in message.from_all] == [
        "anna@x.example",
        "eve@evil.example",
    ] and not message.trusted


def test_no_from_and_no_headers_at_all() -> None:
    assert parse(b"Subject: x\r\n\r\ntext\r\n").sender is None
    assert (
        "only text"
        in parse(b"only text, and no header\r\n").text + parse(b"only text, and no header\r\n").subject
    )


@pytest.mark.parametrize(
    ("raw", "limit"),
    [
        (b"", "empty"),
        (mail("".join(f"X-{n}: y\r\n" for n in range(10_000))), "limit.headers"),
        (mail(X="y" * 300_000), "limit.header"),
        (mail(To=", ".join(f"a{n}@x.example" for n in range(1500))), "limit.addresses"),
        (mail(Content_Type="text/plain" + "".join(f"; a{n}=b" for n in range(16_000))), "limit.params"),
        (mail(body="".join(f"--b{n}\r\nContent-Type: multipart/mixed; boundary=b{n + 1}\r\n\r\n" for n in range(1000)), Content_Type="multipart/mixed; boundary=b0"), "limit.depth"),
        (mail(body="--b\r\n\r\nx\r\n" * 16_000, Content_Type="multipart/mixed; boundary=b"), "limit.parts"),
        (mail(body="Content-Type: message/rfc822\r\n\r\n" * 1000, Content_Type="message/rfc822"), "limit.depth"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_what_is_too_much_is_named_before_anything_rich_reads_it(raw: bytes, limit: str) -> None:
    message = parse(raw)

    assert message.limit == limit
    assert limit == "empty" or message.subject == "Leak"


def test_encoded_words_are_joined_decoded_and_bring_no_line() -> None:
    split = "=?utf-8?b?w4lj?= =?utf-8?b?b2xl?="
    nasty = "=?utf-8?q?x=0d=0aBcc:_evil@x.example=0d=0a=0d=0aInjected?="

    assert parse(mail(Subject=split)).subject == "École"
    assert parse(mail(Subject=nasty)).subject == "x Bcc: evil@x.example Injected"
    assert parse(mail(Subject="Élève")).subject == "Élève"


@pytest.mark.parametrize(
    ("charset", "data", "text"),
    [
        ("iso-8859-1", "Straße".encode("latin-1"), "Straße"),
        ("utf-8", "Straße".encode("cp1252"), "Straße"),
        ("x-unknown", "Straße".encode(), "Straße"),
        ("windows-1251", "Привет".encode("cp1251"), "Привет"),
        ("iso-2022-jp", "日本".encode("iso2022_jp"), "日本"),
        ("us-ascii", "Straße".encode(), "Straße"),
        ("", "Straße".encode(), "Straße"),
    ],
)
def test_a_body_is_read_whatever_its_charset_says(charset: str, data: bytes, text: str) -> None:
    raw = mail(Content_Type=f"text/plain; charset={charset}", body="").removesuffix(b"") + data

    assert parse(raw).text == text


@pytest.mark.parametrize("subject", ["leak été", "Fenêtre cassée", "Tür", "Größe"])
def test_a_short_raw_header_is_latin(subject: str) -> None:
    """Its few bytes could be Chinese as UTF-16; they never are."""
    assert parse(mail().replace(b"Leak", subject.encode("latin-1"))).subject == subject


def test_nul_and_lone_halves_do_not_reach_the_database() -> None:
    message = parse(mail(body="a\x00b\r\n"))

    assert message.text == "a\u2400b\n"
    message.text.encode()


PHOTO = (
    '--b\r\nContent-Type: text/plain\r\n\r\nSee the photo.\r\n--b\r\nContent-Type: image/jpeg; name="{name}"\r\n'
    "Content-Disposition: attachment{more}\r\nContent-Transfer-Encoding: base64\r\n\r\n{data}\r\n--b--\r\n"
)


def with_file(name: str, data: str = "QUJDRA==", more: str = "") -> Message:
    return parse(
        mail(body=PHOTO.format(name=name, data=data, more=more), Content_Type="multipart/mixed; boundary=b")
    )


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("photo.jpg", "photo.jpg"), ("../../etc/passwd", "passwd"), ("C:\\\\x\\\\y.txt", "y.txt"), ("CON", "_CON"), ("a\u202egpj.exe", "agpj.exe"),
        ("\u200b.htaccess", "htaccess"), ("=?utf-8?q?pl=C3=A4ne.pdf?=", "pläne.pdf"), ("x" * 5000 + ".pdf", None), ("", ""),
    ],
)  # fmt: skip
def test_a_files_name_is_made_safe(name: str, safe: str | None) -> None:
    found = with_file(name).attachments[0].filename

    assert len(found) <= 121 and "/" not in found and "\\" not in found
    assert safe is None or found == safe


def test_a_name_in_pieces_is_put_together() -> None:
    message = with_file("", more="; filename*0*=utf-8''pl%C3%A4; filename*1*=ne.pdf")

    assert message.attachments[0].filename == "pläne.pdf"


def test_a_damaged_attachment_is_kept_and_marked() -> None:
    good, bad = with_file("a.bin"), with_file("a.bin", data="QUJD*!RA")

    assert (good.attachments[0].size, good.attachments[0].damaged) == (4, False)
    assert bad.attachments[0].damaged and any("damaged" in warning for warning in bad.warnings)


def test_attachments_are_read_out_of_the_raw_mail() -> None:
    raw = mail(
        body=PHOTO.format(name="a.bin", data="QUJDRA==", more=""), Content_Type="multipart/mixed; boundary=b"
    )

    assert attachment_content(raw, parse(raw).attachments[0].index) == b"ABCD"


def test_html_only_is_read_as_text() -> None:
    html = "<html><head><style>p{}</style></head><body><p>Hello</p><ul><li>one<li>two</ul><script>x()</script><a href='https://x.example'>there</a></body>"
    message = parse(mail(body=html, Content_Type="text/html"))

    assert message.text == "" and body_text(message) == "Hello\n\n- one\n- two\n\nthere <https://x.example>"


def test_a_deep_html_is_read_in_one_pass() -> None:
    assert "x" in body_text(parse(mail(body="<div>" * 100_000 + "x", Content_Type="text/html")))


@pytest.mark.parametrize(
    "value",
    [None, "32 Foo 2026", "Mon, 7 Sep 1026 08:00:00 -9999", "Fri, 30 Jun 2012 23:59:60 +0000", "9" * 500],
)
def test_any_date_is_read_or_left_out_with_a_word(value: str | None) -> None:
    raw = mail(Date=value) if value else mail().replace(b"Date: Mon, 7 Sep 2026 08:00:00 +0200\r\n", b"")
    message = parse(raw)

    assert message.date is not None or any("Date" in warning for warning in message.warnings)


@pytest.mark.parametrize(
    ("headers", "field"),
    [
        ({"Auto-Submitted": "auto-replied"}, "is_auto_reply"), ({"X-Autoreply": "yes"}, "is_auto_reply"), ({"Subject": "Out of Office: back on Monday"}, "is_auto_reply"),
        ({"Subject": "Réponse automatique : absence"}, "is_auto_reply"), ({"Auto-Submitted": "auto-generated"}, "is_auto_generated"),
        ({"List-Id": "News <news.x.example>"}, "is_list"), ({"Precedence": "bulk"}, "is_bulk"),
    ],
)  # fmt: skip
def test_machines_are_known_by_their_signs(headers: dict[str, str], field: str) -> None:
    """bad input 38."""
    assert getattr(parse(mail(**headers)), field) is True
    assert getattr(parse(mail()), field) is False


def test_no_answer_about_offices_is_taken_for_an_automatic_one() -> None:
    assert not parse(mail(Subject="The office is too hot")).is_auto_reply
    assert not parse(mail(**{"Auto-Submitted": "no"})).is_auto_reply


@pytest.mark.parametrize(
    "subject",
    ["Absence", "Absence: Léa Martin, 3B", "Absence - Léa", "Absent", "Vacation", "Holiday", "Sick leave: Ben",
     "Abwesenheit: Max", "Abwesend", "Ausencia: Pablo", "Auto: Beule am Dienstwagen"],
)  # fmt: skip
def test_one_word_of_absence_is_a_persons_unless_the_mail_is_signed_as_a_machines(subject: str) -> None:
    assert not parse(mail(Subject=subject)).is_auto_reply
    assert parse(mail(Subject=subject, Precedence="bulk")).is_auto_reply
    assert parse(mail(Subject=subject, **{"Return-Path": "<>"})).is_auto_reply


def test_a_bounce_names_recipient_status_and_original() -> None:
    body = (
        "--b\r\n\r\nSorry.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; ben@x.example\r\n"
        "Action: failed\r\nStatus: 5.1.1\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <o@x.example>\r\n\r\nx\r\n--b--\r\n"
    )
    message = parse(
        mail(
            body=body,
            From="MAILER-DAEMON@x.example",
            Content_Type="multipart/report; report-type=delivery-status; boundary=b",
        )
    )

    assert message.is_bounce and message.bounce is not None
    assert [(r.address, r.action, r.status) for r in message.bounce.recipients] == [
        ("ben@x.example", "failed", "5.1.1")
    ]
    assert message.bounce.original_message_id == "<o@x.example>"


def test_the_content_key_is_the_same_by_another_way_and_none_without_an_id() -> None:
    raw = mail()

    assert content_key(parse(raw)) == content_key(
        parse(b"Received: by relay\r\n" + raw.replace(b"\r\n", b"\n"))
    )
    assert content_key(parse(raw)) != content_key(parse(raw + b"more"))
    assert content_key(parse(raw.replace(b"Message-ID", b"X-ID"))) is None


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("Done.\n\nOn Mon, 7 Sep 2026 at 08:00, Orgo wrote:\n> There is work\n", "Done."),
        ("C'est fait.\n\nLe 7 sept. 2026 à 08:00, Orgo <orgo@x.example> a écrit :\n> Il y a\n", "C'est fait."),
        ("Erledigt.\n\nAm 07.09.2026 um 08:00 schrieb Orgo:\n> Arbeit\n", "Erledigt."),
        ("Hecho.\n\nEl lun, 7 sept 2026 a las 8:00, Orgo (<orgo@x.example>) escribió:\n> Trabajo\n", "Hecho."),
        ("Yes.\n\nFrom: Orgo <orgo@x.example>\nSent: Monday\nTo: Anna\nSubject: work\n\nThere is work\n", "Yes."),
        ("Oui.\n\nDe : Orgo\nEnvoyé : lundi\nÀ : Anna\nObjet : travail\n\nIl y a\n", "Oui."),
        ("ok\n\n-- \nAnna Abel\nWorks\n", "ok"),
        ("ok\n\nSent from my iPhone\n", "ok"),
        ("> a question\nmy answer\n", "my answer"),
        ("only my words", "only my words"),
        ("> only a quote\n", "> only a quote"),
    ],
)  # fmt: skip
def test_a_replys_own_words(text: str, own: str) -> None:
    assert reply_text(text) == own


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["On Monday", "x wrote:", "> q", "", "--", "words", "From: a", "Sent: b", "To: c", "Subject: d"]
        ),
        max_size=25,
    )
)
def test_a_reply_is_never_cut_to_nothing(lines: list[str]) -> None:
    text = "\n".join(lines)

    assert bool(reply_text(text)) == bool(text.strip())


def test_a_text_with_a_files_name_is_the_text_of_a_mail_that_has_no_other() -> None:
    """As MMS gateways send a message; it can still be opened as a file."""
    part = "--b\r\nContent-Type: text/plain; name=text_0.txt\r\n\r\nThe pipe leaks\r\n"
    head = "From: a@x.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    found = parse(f"{head}{part}--b--\r\n".encode())
    assert found.text.strip() == "The pipe leaks"
    assert [file.filename for file in found.attachments] == ["text_0.txt"]
    attached = part.replace("\r\n\r\n", "\r\nContent-Disposition: attachment\r\n\r\n", 1)
    assert parse(f"{head}{attached}--b--\r\n".encode()).text == ""
