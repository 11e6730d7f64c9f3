"""Words, times and icons for the templates."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.template.defaultfilters import floatformat, stringfilter
from django.utils import translation
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from orgo.conf import boot
from orgo.flow import words
from orgo.flow.hidden import Hidden
from orgo.lib import clock
from orgo.outbox.models import Letter
from orgo.outbox.token import masked
from orgo.web.words import LETTER_STATES, TASK_STATES, foreseen

register = template.Library()
register.filter("masked", stringfilter(masked))
register.filter("foreseen", stringfilter(foreseen))


@register.filter
def without(text: str, hidden: Hidden) -> str:
    """A letter's text without those who stay unnamed."""
    return hidden.without_any(text)


@register.filter
def got(hidden: Hidden, letter: Letter) -> bool:
    """Whether a letter went to one who stays unnamed."""
    return hidden.got(letter)


@register.simple_tag
def icon(name: str) -> SafeString:
    """An icon beside a word (it says nothing by itself)."""
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="/static/vendor/icons.svg#{}"></use></svg>', name
    )


@register.filter
def instant(at: datetime | None) -> str:
    """An instant in the house's zone, as people write it."""
    return words.instant(at, ZoneInfo(boot.config().organization.zone), translation.get_language() or "en")


@register.filter
def ago(at: datetime | None) -> str:
    """How far away an instant is, in the largest unit that fits: "3 h", "in 20 min"."""
    if at is None:
        return ""
    seconds = (at - clock.now()).total_seconds()
    size = abs(seconds)
    for unit, length in ((_("d"), 86400), ("h", 3600), ("min", 60)):
        if size >= length:
            text = f"{int(size // length)} {unit}"
            break
    else:
        return _("now")
    return _("in %s") % text if seconds > 0 else text


@register.filter
def task_state(state: str) -> Any:
    """How it stands with a task, in words."""
    return TASK_STATES[state]


@register.filter
def letter_state(state: str) -> Any:
    """How it stands with a letter, in words."""
    return LETTER_STATES[state]


@register.filter
def size(number: int) -> str:
    """A size in bytes for people."""
    for unit, length in (("MB", 1_000_000), ("kB", 1000)):
        if number >= length:
            return f"{number / length:.1f} {unit}"
    return f"{number} B"


@register.simple_tag
def largest_mail() -> int:
    """How many bytes a mail may have."""
    return boot.config().intake.smtp.max_size


@register.simple_tag
def too_large() -> str:
    """What is said of a mail file with more bytes than that."""
    return _("The file is too large: a mail has at most %s MB.") % floatformat(largest_mail() / 1_000_000, -1)


@register.simple_tag(takes_context=True)
def name_of(context: dict[str, Any], address: str) -> str:
    """How somebody is called, by address."""
    house = context.get("house")
    return house.name_of(address) if house and address else address
