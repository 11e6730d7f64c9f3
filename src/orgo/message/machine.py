"""Was it a person who wrote this? Automatic replies, lists, bulk mail, things that machines send (pure)."""

import re

import msgspec

from orgo.message.phrases import phrases

_OPENING = re.compile(r"\W*")
_RETURNED = re.compile(r"(?i)(?:re|aw|sv|antw|rv|ref)\s*:\s*")
_LIST_HEADERS = (
    "list-id",
    "list-post",
    "list-unsubscribe",
    "list-help",
    "mailing-list",
    "x-mailing-list",
    "x-mailman-version",
)


class Machine(msgspec.Struct, frozen=True):
    """What kind of machine mail it is, if any."""

    auto_reply: bool
    auto_generated: bool
    is_list: bool
    list_id: str
    bulk: bool


def machine_of(headers: dict[str, list[str]], subject: str) -> Machine:
    """Read the signs of RFC 3834, RFC 2919, RFC 2369 and of those who know none of them. `headers` are by lower name."""
    submitted = _first(headers, "auto-submitted").partition(";")[0].strip().lower()
    precedence = _first(headers, "precedence").strip().lower()
    reply = submitted.startswith("auto-replied") or submitted == "auto-notified"
    reply = reply or _any(
        headers, "x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply-from", "x-autoreply-from"
    )
    reply = reply or (_first(headers, "x-auto-response-suppress") == "" and precedence == "auto_reply")
    reply = reply or (
        "x-failed-recipients" not in headers
        and phrases("automatic", "subject").match(
            _OPENING.sub("", _RETURNED.sub("", subject[:200], count=1), count=1)
        )
        is not None
    )
    reply = reply or "disposition-notification" in _first(headers, "content-type").lower()
    list_id = _list_id(_first(headers, "list-id"))
    is_list = bool(list_id) or _any(headers, *_LIST_HEADERS) or precedence == "list"
    bulk = precedence in ("bulk", "junk") or _any(
        headers, "x-campaign", "x-campaignid", "x-mailchimp-id", "feedback-id"
    )
    generated = submitted == "auto-generated" or (bool(submitted) and submitted != "no" and not reply)
    return Machine(bool(reply), generated, is_list, list_id, bulk)


def _first(headers: dict[str, list[str]], name: str) -> str:
    return headers.get(name, [""])[0]


def _any(headers: dict[str, list[str]], *names: str) -> bool:
    return any(
        _first(headers, name).strip().lower() not in ("", "no", "none", "0", "false") for name in names
    )


def _list_id(value: str) -> str:
    """The identifier within < > of a List-Id (RFC 2919 section 2)."""
    found = re.search(r"<([^<>]{1,255})>", value)
    return (found[1] if found else value).strip().lower()[:255]


_STOP_WORDS = {
    "en": frozenset(
        "the and is are of to in you we have not this that please with for on was it be your".split()
    ),
    "fr": frozenset(
        "le la les et est de des du un une vous nous je pas pour dans que qui avec sur bonjour merci il".split()
    ),
    "de": frozenset(
        "der die das und ist nicht ein eine wir sie ich mit für auf zu den dem im bitte es von".split()
    ),
    "es": frozenset(
        "el los las y es de del que en un una por con para no se su gracias hola favor lo".split()
    ),
}
_WORD = re.compile(r"[^\W\d_]{1,20}")


def language_of(text: str) -> str:
    """The language by its commonest words, en fr de es, or "" where none is clear. A cheap guess on the first 200 words."""
    words = [word.lower() for word in _WORD.findall(text[:3000])[:200]]
    counts = {language: sum(word in stop for word in words) for language, stop in _STOP_WORDS.items()}
    best, second = sorted(counts, key=lambda language: -counts[language])[:2]
    return best if counts[best] >= 2 and counts[best] > counts[second] else ""
