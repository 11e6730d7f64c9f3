"""What the words of a reply by mail ask for: done, take, eta, wait, assign, escalate, not mine, undo, or nothing (pure).

Cautious on purpose, because a wrong "done" closes somebody's task: a command is a whole clause that is known (see
reply_phrases.py), in a sentence that neither asks, denies, doubts nor bounds it. All else is a comment. In a text of
more than sixty words only its first and last lines and lines of their own are looked at, because people quote, forward
and tell stories. Two commands that do not go together are none.
"""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime

import msgspec
from msgspec.structs import replace

from orgo.lib.text import fold
from orgo.task.reply_phrases import (
    LANGUAGES,
    MARK,
    Hit,
    doubtful,
    hits,
    is_filler,
    is_nobody,
    is_thanks,
    takes_back,
    target,
)
from orgo.task.reply_times import MONTHS, Edge, Wrong, parse_when
from orgo.task.understood import NOTHING, Kind, Understood, said

__all__ = ["Kind", "Understood", "said", "understand", "understand_time"]

LONG_TEXT = 60
LONGEST_TEXT = 6_000
LONGEST_CLAUSE = 24
_LONGEST_WORD = 320
_LONGEST_LINE = 25
_ADDRESS = re.compile(r"[^\s<>()\[\]\"',;:|@]{1,64}@[^\s<>()\[\]\"',;:|@]{1,255}")
_QUOTED = re.compile(
    r'"[^"\n]{0,200}"|“[^”\n]{0,200}”|«[^»\n]{0,200}»|„[^“”\n]{0,200}[“”]|‘[^’\n]{0,200}’|(?<!\w)\'[^\'\n]{1,200}\'(?!\w)'
)
_MAILTO = re.compile(r"<mailto:[^>\n]{0,320}>|\[mailto:[^\]\n]{0,320}\]")
_SENTENCE = re.compile(r"(?<=[^0-9][.])\s+|(?<=[!?…])\s+|(?<=[0-9][.])\s+(?=[A-ZÀ-ÝÄÖÜ¿¡])")
_CLAUSE = re.compile(
    r"[,;](?![0-9])\s*(?:(?:and|et|und|y)\s+)?|:\s+|\s+[-–—]+\s+|\s+(?:and|et|und|y|e|puis)\s+", re.IGNORECASE
)
_COMMAND_COLON = re.compile(
    r"^(\W{0,3}(?:eta|assign|assigner|asignar|wait|zuweisen|attendre|esperar|warten))\s*[:=]\s*",
    re.IGNORECASE,
)
_EDGES = " \t.,;:!¡…*_-–—()[]{}<>|#=~\"'“”«»„‘’`"
_PHONE = re.compile(
    r"sent from my|sent with|envoye de mon|envoye depuis|von meinem .* gesendet|gesendet mit|enviado desde"
)
_CHEERS = frozenset("👍🙏👌❤😀😊🙂🎉✅")
# Of two kinds that go together the one that says more, or that is less final, is meant.
_TOGETHER: dict[frozenset[str], Kind] = {
    frozenset({"take", "eta"}): "eta",
    frozenset({"take", "wait"}): "wait",
    frozenset({"take", "done"}): "done",
    frozenset({"not_mine", "assign"}): "not_mine",
    frozenset({"take", "eta", "wait"}): "wait",
}


# A command, and whether it is a single word or little more.
_Meaning = tuple[Understood, bool] | None


class _Clause(msgspec.Struct, frozen=True):
    """A part of a sentence: its words as they were written, and the same words folded."""

    written: list[str]
    folded: list[str]


class _Sentence(msgspec.Struct, frozen=True):
    """A sentence with its clauses. `asks` for a question, `alone` where it is all of its line, `line` counts from 0."""

    clauses: list[_Clause]
    asks: bool
    alone: bool
    line: int
    words: list[str]


def understand(text: str, *, now: datetime, zone: str, language: str = "") -> Understood:
    """What a reply asks for.

    `text` is the reply's own text, without quotes and signature; `now` an aware instant; `zone` the IANA zone in which
    the author's times are meant; `language` what the reply is probably written in (all four are tried, this one first).
    Never raises: a text that is not understood is the kind `none`.
    """
    addresses: list[str] = []
    sentences = list(_sentences(_ends(text), addresses))
    reader = _Reader(sentences, addresses, now, zone, _order(language))
    found = reader.commands()
    if found:
        return _settled(found)
    return Understood("thanks") if _only_thanks(sentences, text) else NOTHING


def understand_time(
    text: str, *, now: datetime, zone: str, edge: Edge, language: str = ""
) -> datetime | Wrong | None:
    """The instant that somebody means who writes only a time, or the command that has it ("eta tomorrow 14:00").

    What is taken is as for `understand`, what is returned as of `parse_when`, also for an open wait.
    """
    words = " ".join(_clause(text[:LONGEST_TEXT].replace("’", "'")).folded)
    first = _order(language)[0] if language else ""
    found = parse_when(words, now=now, zone=zone, edge=edge, language=first)
    if found is not None:
        return found
    command = understand(text, now=now, zone=zone, language=language)
    return command.at or command.wrong


def _ends(text: str) -> str:
    """The text, or the whole lines at both ends of a very long one."""
    if len(text) <= LONGEST_TEXT:
        return text
    half = LONGEST_TEXT // 2
    return text[:half].rpartition("\n")[0] + "\n" + text[-half:].partition("\n")[2]


def _order(language: str) -> tuple[str, ...]:
    first = language[:2].lower()
    return (first, *(known for known in LANGUAGES if known != first)) if first in LANGUAGES else LANGUAGES


def _settled(found: list[Understood]) -> Understood:
    """The one thing that several commands come to, or nothing where they do not go together."""
    kinds = frozenset(one.kind for one in found)
    kind = found[0].kind if len(kinds) == 1 else _TOGETHER.get(kinds)
    same = [one for one in found if one.kind == kind]
    if not same or any(one.at != same[0].at for one in same if one.at and same[0].at):
        return NOTHING
    best = next((one for one in same if one.at or one.who), same[0])
    if kind == "not_mine" and best.who is None:
        named = {one.who for one in found if one.who}
        return replace(best, who=named.pop()) if len(named) == 1 else best
    return best


# ---------------------------------------------------------------- from text to clauses


def _sentences(text: str, addresses: list[str]) -> Iterator[_Sentence]:
    """The sentences of a text; its addresses are put into `addresses` and stand in the words as a mark and their number."""
    number = 0
    for line in text.replace("’", "'").replace("‘", "'").replace(MARK, "").splitlines():
        line = line.strip()
        if not line or line.startswith(">"):
            continue
        line = _without_quotes(_MAILTO.sub(" ", line))
        line = _ADDRESS.sub(lambda match: _numbered(match[0], addresses), line)
        parts = _parts(line)
        for part in parts:
            yield _sentence(part, len(parts) == 1, number)
        number += 1


def _numbered(address: str, addresses: list[str]) -> str:
    kept = address.rstrip(".!?…*_")
    addresses.append(kept)
    return f"{MARK}{len(addresses) - 1}{address[len(kept) :]}"


def _without_quotes(line: str) -> str:
    """The line without words in quotation marks, which somebody else said; a line that is all quoted is meant so."""
    if _QUOTED.fullmatch(line):
        return line.strip(_EDGES)
    return _QUOTED.sub(f" {MARK} ", line)


def _parts(line: str) -> list[str]:
    """The sentences of a line; the point of "12. September" ends none."""
    parts: list[str] = []
    for part in _SENTENCE.split(line):
        if parts and fold(part.split(" ", 1)[0].strip(_EDGES)) in MONTHS and parts[-1][-2:-1].isdigit():
            parts[-1] = f"{parts[-1]} {part}"
        elif part.strip():
            parts.append(part)
    return parts


def _sentence(text: str, alone: bool, line: int) -> _Sentence:
    plain = _COMMAND_COLON.sub(r"\1 ", text)
    clauses = [clause for part in _CLAUSE.split(plain) if (clause := _clause(part)).folded]
    asks = "?" in text or "¿" in text
    return _Sentence(clauses, asks, alone, line, [word for clause in clauses for word in clause.folded])


def _clause(text: str) -> _Clause:
    pairs = [(word.strip(_EDGES + "?¿"), word) for word in text.split()]
    written = [
        word
        for word, _ in pairs
        if (word.startswith(MARK) or any(map(str.isalnum, word))) and len(word) <= _LONGEST_WORD
    ]
    # "Sí" is yes and "si" is if: the only accent that decides.
    return _Clause(written, ["vale" if word.lower() == "sí" else _folded(word) for word in written])


def _folded(word: str) -> str:
    return word if word.startswith(MARK) else fold(word).replace(" ", "") or "-"


# ---------------------------------------------------------------- from clauses to commands


class _Reader:
    """Finds the commands in the sentences of one reply."""

    def __init__(
        self,
        sentences: list[_Sentence],
        addresses: list[str],
        now: datetime,
        zone: str,
        languages: tuple[str, ...],
    ) -> None:
        self.sentences = sentences
        self.addresses = addresses
        self.now, self.zone, self.languages = now, zone, languages
        self.lengths = Counter[int]()
        for sentence in sentences:
            self.lengths[sentence.line] += len(sentence.words)
        self.long = self.lengths.total() > LONG_TEXT
        self.body = _body(sentences) if self.long else (0, 0)

    def commands(self) -> list[Understood]:
        """All commands, in the order of the text."""
        found: list[Understood] = []
        for number, sentence in enumerate(self.sentences):
            if not sentence.asks and self._counts(number) and not self._taken_back(number):
                found.extend(self._of_sentence(sentence))
        if any(one.kind == "not_mine" for one in found):
            return [self._with_target(one) if one.kind == "not_mine" else one for one in found]
        return found

    def _counts(self, number: int) -> bool:
        """Whether a sentence is where a command is looked for: in a long text first, last, or on a line of its own."""
        sentence = self.sentences[number]
        if not self.long:
            return True
        if sentence.alone:
            return len(sentence.words) <= _LONGEST_LINE
        first, last = self.body
        short = self.lengths[sentence.line] <= _LONGEST_LINE
        ends = (self.sentences[first].line, self.sentences[last].line)
        return number in self.body or (short and sentence.line in ends)

    def _taken_back(self, number: int) -> bool:
        following = self.sentences[number + 1 : number + 2]
        return bool(following) and takes_back(following[0].words)

    def _of_sentence(self, sentence: _Sentence) -> list[Understood]:
        """The commands of a sentence; single words such as "wait" are none beside a clause that is not understood."""
        begins, all_clear = True, True
        found: list[tuple[Understood, bool]] = []
        for number, clause in enumerate(sentence.clauses):
            one = self._of_clause(clause, sentence, number, begins)
            if one is not None:
                found.append(one)
            clear = one is not None or _is_polite(clause) or _is_name(clause)
            begins, all_clear = begins and clear, all_clear and clear
        return [one for one, bare in found if all_clear or not bare or one.kind == "done"]

    def _of_clause(self, clause: _Clause, sentence: _Sentence, number: int, begins: bool) -> _Meaning:
        """The command of a clause; a time may go on in the next clause: "eta Monday, 10:00"."""
        following = sentence.clauses[number + 1 : number + 2]
        if following:
            joined = _Clause(clause.written + following[0].written, clause.folded + following[0].folded)
            one = self._meant(joined, sentence, begins)
            if one is not None and (one[0].at or one[0].wrong):
                return one
        return self._meant(clause, sentence, begins)

    def _meant(self, clause: _Clause, sentence: _Sentence, begins: bool) -> _Meaning:
        if not clause.folded or len(clause.folded) > LONGEST_CLAUSE:
            return None
        wrong: _Meaning = None
        for hit in hits(clause.folded, self.languages, begins=begins):
            one = self._of_hit(hit, clause)
            if one is None:
                continue
            meant = None if doubtful(sentence.words, hit) else (one, hit.bare)
            if not one.wrong:
                return meant
            wrong = wrong or meant
        return wrong or (_unread_eta(clause) if begins else None)

    def _of_hit(self, hit: Hit, clause: _Clause) -> Understood | None:
        """The command of a phrase, or None where its time is none."""
        found = Understood(hit.kind, zone=self.zone, language=hit.language)
        if hit.slot == "when" and hit.last > hit.first:
            at = self._when(clause.folded[hit.first : hit.last], "start" if hit.kind == "wait" else "end")
            if isinstance(at, str):
                return replace(found, wrong=at) if _is_asked_for(hit, clause) else None
            if at is None:
                return None
            return replace(found, at=at) if hit.kind in ("eta", "wait") else found
        if hit.slot in ("who", "adr"):
            return replace(found, who=self._who(hit, clause))
        return found

    def _when(self, words: list[str], edge: Edge) -> datetime | Wrong | None:
        return parse_when(
            " ".join(words), now=self.now, zone=self.zone, edge=edge, language=self.languages[0]
        )

    def _who(self, hit: Hit, clause: _Clause) -> str | None:
        if is_nobody(clause.folded[hit.first : hit.last]):
            return None
        words = clause.written[hit.first : hit.last]
        return self.addresses[int(words[0][1:])] if words[0].startswith(MARK) else " ".join(words)

    def _with_target(self, one: Understood) -> Understood:
        """ "Not mine" with whom it is for: the only address that the text names, or the name after "try"."""
        named = set(self.addresses)
        if len(named) == 1:
            return replace(one, who=named.pop())
        clauses = [clause for sentence in self.sentences if not sentence.asks for clause in sentence.clauses]
        for clause in clauses:
            hit = target(clause.folded, self.languages) if len(clause.folded) <= LONGEST_CLAUSE else None
            if hit is not None:
                return replace(one, who=self._who(hit, clause))
        return one


def _body(sentences: list[_Sentence]) -> tuple[int, int]:
    """The first and the last sentence of a letter, without greeting, farewell and names."""
    numbers = range(len(sentences))
    first = next((n for n in numbers if not _is_form(sentences[n])), 0)
    return first, next((n for n in reversed(numbers) if not _is_form(sentences[n])), 0)


def _is_asked_for(hit: Hit, clause: _Clause) -> bool:
    """Whether a phrase is a command whatever its time is; "fixed on 1 March 2020" only tells of something."""
    return hit.kind == "wait" or clause.folded[0] == "eta"


def _unread_eta(clause: _Clause) -> _Meaning:
    """A line that begins with "eta" and has a number is meant as one, though its time can't be read: it is asked back."""
    if clause.folded[0] == "eta" and any(any(map(str.isdigit, word)) for word in clause.folded[1:]):
        return Understood("eta"), False
    return None


def _is_name(clause: _Clause) -> bool:
    """Whether a clause may be a name: one to three words, each with a capital."""
    return len(clause.written) <= 3 and all(word[0].isupper() and word.isalpha() for word in clause.written)


def _is_form(sentence: _Sentence) -> bool:
    """Whether a sentence is a greeting, a farewell or a name on a line of its own."""
    if _PHONE.search(" ".join(sentence.words)):
        return True
    polite = [_is_polite(clause) for clause in sentence.clauses]
    named = sentence.alone or any(polite)
    return all(
        is_so or (named and _is_name(clause)) for is_so, clause in zip(polite, sentence.clauses, strict=True)
    )


def _is_polite(clause: _Clause) -> bool:
    """Whether a clause only greets, thanks, agrees or says farewell; a name may follow: "Hi Anna", "thanks Bob"."""
    words = clause.folded
    if len(words) > LONGEST_CLAUSE:
        return False
    for length in range(max(len(words) - 2, 1), len(words) + 1):
        named = all(word[0].isupper() for word in clause.written[length:])
        if named and (is_thanks(words[:length]) or is_filler(words[:length])):
            return True
    return False


def _only_thanks(sentences: list[_Sentence], text: str) -> bool:
    """Whether a reply says thanks or agrees, and nothing else."""
    if not any(sentence.words for sentence in sentences):
        return any(sign in _CHEERS for sign in text)
    if any(sentence.asks for sentence in sentences):
        return False
    thanked = [
        number for number, sentence in enumerate(sentences) if _is_form(sentence) and _thanks(sentence)
    ]
    # A line of capitals before the thanks may be what it is about: "Heizung Kalt", then "Danke".
    return bool(thanked) and all(
        _is_form(sentence) and (number >= thanked[0] or all(map(_is_polite, sentence.clauses)))
        for number, sentence in enumerate(sentences)
    )


def _thanks(sentence: _Sentence) -> bool:
    return any(
        is_thanks(clause.folded[:n]) for clause in sentence.clauses for n in range(1, len(clause.folded) + 1)
    )
