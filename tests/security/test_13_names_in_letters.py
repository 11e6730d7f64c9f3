"""S13: a sender's name or a subject is text in our letters, never markup and never a link's label."""

from tests.office import Office, text_of

NAME = "<img src=x onerror=alert(1)><a href=http://evil.example>IT desk</a>"


def test_markup_in_name_subject_and_text_is_escaped(office: Office) -> None:
    office.mail(
        "eve@evil.example",
        raw=f'From: "{NAME}" <eve@evil.example>\r\nSubject: leak {NAME}\r\n\r\n{NAME}\r\n'.encode(),
    )
    office.later(hours=5)
    office.answer("anna@city.example", "done")

    assert {"anna@city.example", "chief@city.example", "eve@evil.example"} <= set(office.told())
    for letter in office.letters():
        html = letter.get_body(("html",))
        assert html is not None
        assert "<img" not in html.get_content() and "href=http://evil" not in html.get_content()


def test_a_name_is_cut_where_it_is_no_name_any_more(office: Office) -> None:
    office.mail(
        "eve@evil.example",
        raw=f"From: {'x' * 5000} <eve@evil.example>\r\nSubject: leak\r\n\r\nx\r\n".encode(),
    )

    assert "x" * 100 in text_of(office.letters("anna@city.example")[0]) and "x" * 129 not in text_of(
        office.letters("anna@city.example")[0]
    )
