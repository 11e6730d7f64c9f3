"""The mails that a whole way is measured with: about 60 words each out of 20,000, half of them not ASCII, some meet a rule."""

import random
from email.header import Header
from itertools import product

from bench.parse import BOTH, HEAD, PLAIN

VOCABULARY = 20_000  # half of it for mails that are ASCII
DISTINCT = (50, 70)  # words a mail
SPOKEN = 200  # words a mail, the same ones again among them
MEETS_A_RULE = 3  # every third subject
_ASCII, _OTHERS = "aeiou", "éèêàôüöä"


def mails(count: int, rules: int) -> list[bytes]:
    """Mails of 2 to 3 kB, all different, the same ones each time: plain and with HTML, ASCII and not.

    Args:
        count: how many.
        rules: every third subject has the word of one of so many rules (`wordN`, as way.rules_text() writes them).
    """
    chance = random.Random(11)
    vocabularies = [_vocabulary(vowels, chance) for vowels in (_ASCII, _ASCII + _OTHERS)]
    return [_mail(n, vocabularies[n % 2], rules, chance) for n in range(count)]


def _vocabulary(vowels: str, chance: random.Random) -> list[str]:
    syllables = ["".join(pair) for pair in product("bdfglmnprstv", vowels)]
    words: dict[str, None] = {}
    while len(words) < VOCABULARY // 2:
        words["".join(chance.choices(syllables, k=chance.randint(2, 5)))] = None
    return list(words)


def _mail(n: int, vocabulary: list[str], rules: int, chance: random.Random) -> bytes:
    both = n % 4 > 1
    own = chance.sample(vocabulary, chance.randint(*DISTINCT))
    spoken = own + chance.choices(own, k=SPOKEN // (2 if both else 1) - len(own))
    subject = " ".join([*own[:3], *([f"word{n % rules}"] if n % MEETS_A_RULE == 0 else [])])
    lines = [" ".join(spoken[at : at + 12]) for at in range(0, len(spoken), 12)]
    return (
        (HEAD + (BOTH if both else PLAIN))
        .format(
            name=Header(" ".join(own[:2]).title(), "utf-8").encode(),
            subject=Header(subject, "utf-8", maxlinelen=900).encode(),
            n=n,
            body="\r\n".join(lines),
        )
        .encode()
    )
