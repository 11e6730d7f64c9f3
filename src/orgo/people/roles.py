"""The blueprint's roles as presets of permissions (pure)."""

from typing import Final, Literal

Role = Literal["administrator", "supervisor", "technician", "hr", "auditor", "staff"]
Permission = Literal[
    "see_all",  # every task that is not private to a team
    "act_all",  # act on every task one sees, not only on those of one's teams
    "see_mail",  # quarantine, ignored mail, the raw bytes
    "see_outbox",  # outgoing mail of every team
    "see_audit",  # the whole trail
    "manage_mail",  # retry, discard, fetch
    "manage_people",  # users, teams, tokens
    "manage_rules",
]

PERMISSIONS: Final[dict[str, frozenset[Permission]]] = {
    "administrator": frozenset(
        {
            "see_all",
            "act_all",
            "see_mail",
            "see_outbox",
            "see_audit",
            "manage_mail",
            "manage_people",
            "manage_rules",
        }
    ),
    "supervisor": frozenset({"see_all", "act_all", "see_outbox"}),
    "technician": frozenset(),
    "hr": frozenset(),
    "auditor": frozenset({"see_all", "see_outbox", "see_audit"}),
    "staff": frozenset(),
}
ROLES: Final[tuple[str, ...]] = tuple(PERMISSIONS)


def permissions_of(roles: list[str] | tuple[str, ...]) -> frozenset[Permission]:
    """All that these roles allow; an unknown role allows nothing."""
    return frozenset().union(*(PERMISSIONS.get(role, frozenset()) for role in roles))
