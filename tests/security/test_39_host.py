"""S39: links are made from the configured address, never from what a request claims."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.office import CONFIG, Office


def test_letters_name_the_configured_address(tmp_path: Path) -> None:
    from tests.office import text_of

    office = Office(tmp_path, config=CONFIG + "web: {{public_url: 'https://orgo.city.example'}}\n")
    try:
        office.mail()
        assert "https://orgo.city.example/tasks/" in text_of(office.letters("anna@city.example")[0])
    finally:
        office.close()


def test_a_claimed_host_is_in_no_answer(office: Office, enter: Callable[..., Any]) -> None:
    office.mail()
    client = enter("anna@city.example")
    answer = client.get(
        f"/tasks/{office.task().reference}",
        headers={"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"},
    )

    assert b"evil.example" not in answer.content
