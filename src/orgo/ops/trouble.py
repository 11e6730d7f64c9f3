"""What is wrong at the moment, in a sentence for the page and the status: set by whoever sees it, cleared when it is over."""

import logging

log = logging.getLogger("orgo.trouble")
_sentences: dict[str, str] = {}


def note(what: str, sentence: str, level: int = logging.WARNING) -> bool:
    """Say that `what` (a short name such as "smtp") is in trouble; logged once for as long as the sentence is the same.

    Returns whether it was.
    """
    is_new = _sentences.get(what) != sentence
    if is_new:
        log.log(level, "%s: %s", what, sentence)
    _sentences[what] = sentence
    return is_new


def over(what: str) -> None:
    """The trouble with `what` is over."""
    if _sentences.pop(what, None) is not None:
        log.info("%s: works again", what)


def sentences() -> dict[str, str]:
    """All that is in trouble now, by name."""
    return dict(_sentences)
