"""The demo's sample mails are there, varied, and each says where it must end."""

from collections import Counter
from datetime import UTC, datetime
from email import message_from_bytes

from orgo.conf import load
from orgo.demo.samples import CITY, MAILS, dated, samples


def test_every_file_has_its_entry_and_every_entry_its_mail() -> None:
    """At least 44, with each outcome that a first mail can have."""
    outcomes = Counter(sample.outcome for sample in samples())
    files = {path.stem for path in MAILS.glob("*.eml")}

    assert len(samples()) >= 44
    assert files <= {sample.name for sample in samples()}
    assert set(outcomes) == {"opened", "linked", "bounce", "ignored", "quarantined"}


def test_teams_and_recipients_are_the_citys() -> None:
    """What a sample expects, the city has."""
    config = load(CITY, {})
    addresses = {team.address for team in config.roster.teams}
    domains = config.intake.smtp.domains

    assert [s.name for s in samples() if s.team and s.team not in addresses] == []
    assert [s.name for s in samples() if any(to.split("@")[1] not in domains for to in s.envelope_to)] == []
    assert [s.name for s in samples() if (s.team is None) != (s.outcome in ("bounce", "ignored"))] == []


def test_the_duplicate_is_the_very_same_mail() -> None:
    """And stays so when both get the same date."""
    raws = Counter(sample.raw for sample in samples())

    assert [count for count in raws.values() if count > 1] == [2]


def test_a_sample_can_be_written_now() -> None:
    """Only its own Date changes, not one that it quotes."""
    now = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
    for sample in samples():
        changed = dated(sample.raw, now)
        lines, old = changed.split(b"\r\n"), sample.raw.split(b"\r\n")

        assert [line for line, was in zip(lines, old, strict=True) if line != was] == [
            b"Date: Mon, 23 Nov 2026 09:30:00 +0000"
        ]


def test_the_made_ones_are_what_they_say() -> None:
    """5 MB of attachment, and ten times too many headers."""
    made = {
        sample.name.partition("-")[2]: message_from_bytes(sample.raw)
        for sample in samples()
        if len(sample.raw) > 99_999
    }

    attachment = made["large-attachment"].get_payload()[1].get_payload(decode=True)  # type: ignore[index,union-attr]
    assert 4_900_000 < len(attachment) <= 5_000_000
    assert len(made["too-many-headers"].keys()) > 10_000
