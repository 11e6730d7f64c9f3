"""`orgo backup release`: what it says of the letters that are held since a restore."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.office import Office


@pytest.fixture
def held(office: Office) -> Office:
    """An office with two letters that may have left before a restore."""
    from orgo.outbox.models import Letter

    office.mail()
    assert Letter.objects.filter(channel="email").update(state="held", maybe_sent=True) == 2
    return office


def test_letters_that_no_server_takes_wait_until_there_is_one(held: Office, run: Callable[..., Any]) -> None:
    from orgo.ops.up import release_held
    from orgo.outbox.models import Letter

    file = held.home / "config" / "config.yaml"
    lines = file.read_text().splitlines()
    file.write_text("\n".join(line for line in lines if not line.startswith("smtp:")))
    words = run("backup", "release")[2]
    assert words == "orgo: 0 letters may leave now; 2 wait until smtp: is configured\n"

    release_held()  # as `orgo up` does where there is a server
    assert Letter.objects.filter(state="pending").count() == 2


@pytest.mark.parametrize(
    ("option", "words"), [((), "2 letters may leave now"), (("--cancel",), "2 letters are cancelled")]
)
def test_the_others_wait_for_nothing(
    held: Office, run: Callable[..., Any], option: tuple[str, ...], words: str
) -> None:
    assert run("backup", "release", *option)[2] == f"orgo: {words}\n"
