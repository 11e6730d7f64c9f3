"""What the page calls the states and values that the code has English words for."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

LETTER_STATES: Mapping[str, Any] = {
    "pending": _("waiting to leave"), "claimed": _("leaving"), "dot": _("leaving"), "sent": _("sent"), "failed": _("failed"),
    "ambiguous": _("may have arrived"), "held": _("held"), "cancelled": _("cancelled"),
}  # fmt: skip
PRIORITIES: Mapping[str, Any] = {
    "low": _("low"),
    "normal": _("normal"),
    "high": _("high"),
    "urgent": _("urgent"),
}
