"""What the tests of this folder share: one file a row of design/security.md, named by its number."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.office import Office


@pytest.fixture
def enter(office: Office) -> Callable[[str], Any]:
    """A client of the pages, signed in as somebody (nobody where no address is given)."""
    from django.test import Client

    from orgo.people.models import User

    def entered(address: str = "", **options: Any) -> Any:
        client = Client(**options)
        if address:
            client.force_login(User.objects.get(address=address))
        return client

    return entered
