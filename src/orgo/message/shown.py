"""A mail as it is shown to people: its HTML cleaned, with the pictures that it carries, and its files (pure).

Done in the parser's process: the time to clean HTML grows with the square of its depth.
"""

import base64
from functools import cache

import nh3

from orgo.message.model import File, Message
from orgo.message.parse import parse
from orgo.message.parts import content_of, leaves_of

LONGEST = 2_000_000
LARGEST_IMAGE = 3_000_000
LARGEST_IMAGES = 20_000_000
_TAGS = nh3.ALLOWED_TAGS - {"img", "map", "area"} | {"img", "font", "center"}
_IMAGES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}


def shown_html(raw: bytes) -> str | None:
    """The mail's HTML by an allow-list of tags; None where it has none, or is over a limit."""
    message = parse(raw)
    if not message.html:
        return None
    pictures = _Pictures(message, raw)

    def attribute(tag: str, name: str, value: str) -> str | None:
        if name != "src":
            return value
        return pictures.url(value.removeprefix("cid:")) if tag == "img" and value.startswith("cid:") else None

    return nh3.clean(
        message.html[:LONGEST],
        tags=_TAGS,
        attributes={
            **nh3.ALLOWED_ATTRIBUTES,
            "img": {"src", "alt", "width", "height"},
            "font": {"color"},
            "td": {"colspan", "rowspan"},
        },
        url_schemes={"http", "https", "mailto", "cid", "data"},
        attribute_filter=attribute,
        link_rel="noopener noreferrer nofollow",
        strip_comments=True,
    )


class _Pictures:
    """The pictures that a mail carries itself: the only ones that are shown."""

    def __init__(self, message: Message, raw: bytes) -> None:
        self._own = {a.content_id: a.index for a in message.attachments if a.content_id}
        self._leaves = cache(lambda: leaves_of(raw))
        self._url = cache(lambda index: _data_url(content_of(self._leaves(), index)))
        self._left = LARGEST_IMAGES

    def url(self, content_id: str) -> str | None:
        """The picture as an address; None when there is none, and from where on all that are shown would be too much.

        One picture may be shown any number of times, and stands in the page each time.
        """
        index = self._own.get(content_id)
        url = self._url(index) if index is not None else None
        self._left -= len(url or "")
        return url if self._left >= 0 else None


def _data_url(data: bytes) -> str | None:
    kind = next((kind for mark, kind in _IMAGES.items() if data.startswith(mark)), None)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        kind = "image/webp"
    return (
        f"data:{kind};base64,{base64.b64encode(data).decode()}"
        if kind and len(data) <= LARGEST_IMAGE
        else None
    )


def file_at(raw: bytes, place: int) -> File | None:
    """The attachment at this place among the mail's, those that Outlook packed too; None where there is none."""
    found = parse(raw).attachments
    if not 0 <= place < len(found):
        return None
    return File(found[place].filename, content_of(leaves_of(raw), found[place].index))
