"""A mail that is new work becomes a task: whose it is, by when, what happens if nobody acts."""

from datetime import timedelta
from typing import Any

import msgspec

from orgo.escalation.plan import due_at
from orgo.escalation.policy import Policy
from orgo.flow import words
from orgo.flow.border import border_of, findings
from orgo.flow.house import House, addresses
from orgo.flow.loops import echoing
from orgo.flow.timing import policy_of
from orgo.flow.unit import Unit
from orgo.intake.models import Mail
from orgo.lib import ids
from orgo.lib.durations import Duration
from orgo.message import Address, Message, forwarded_from
from orgo.outbox.models import STATES as LETTER_STATES
from orgo.outbox.models import Letter
from orgo.people.directory import TeamCard
from orgo.people.visibility import STRICTEST
from orgo.rules import Decision, Facts, facts_of, why
from orgo.task.actions import handle
from orgo.task.commands import Comment, Open
from orgo.task.values import Actor, TaskState

ACKNOWLEDGE_AGAIN_AFTER = timedelta(days=1)
RECEIPTS_AN_HOUR = 20
REMIND_BEFORE = (Duration(0, 3600),)


class Judged(msgspec.Struct, frozen=True):
    """What the rules said of a mail. `kept` is what the mail's row remembers of it, as JSON."""

    decision: Decision
    team: TeamCard
    is_machine: bool
    is_own_list: bool
    kept: dict[str, Any]

    @property
    def matched(self) -> bool:
        """Whether any rule wanted the mail."""
        return bool(self.decision.rules)

    @property
    def is_nobodys(self) -> bool:
        """Whether it is a machine's mail that is no work: no rule wants it, and it came by no list that is ours."""
        return self.is_machine and not self.is_own_list and not self.matched


def facts_for(mail: Mail, message: Message, house: House) -> Facts:
    """What the rules may look at, from the message and from how it came."""
    mailbox = _mailbox_team(mail, house)
    return facts_of(
        message,
        received_at=mail.came_at,
        zone=mailbox.zone or house.config.organization.zone,
        organization=mailbox.organization,
        body=mail.text,
        mailbox=next(iter(mail.envelope_to), mail.mailbox),
        recipients=tuple(mail.envelope_to),
        size=mail.size,
        dmarc=mail.trust,
        spam_score=message.spam_score,
        **findings(message, border_of(mail, message, house.config)),
    )


def _mailbox_team(mail: Mail, house: House) -> TeamCard:
    """The team whose address or mailbox the mail came to, for its zone and organization; triage's where it is none."""
    for address in mail.envelope_to:
        team = house.directory.teams.get(address.lower())
        if team is not None:
            return team
    return house.directory.team(_unrouted(mail, house))


def judge(mail: Mail, message: Message, unit: Unit) -> Judged:
    """Ask the rules; a mail that none wants belongs to triage."""
    house = unit.house
    decision = _of_its_mailbox(house.rules.decide(facts_for(mail, message, house)), mail, house)
    team = house.directory.team(_route(decision, mail, house))
    ours = _is_own_list(mail, message, house)
    machine = ((message.is_list or message.is_bulk) and not ours) or message.is_auto_generated
    kept = {
        "route_to": team.address,
        "rule": decision.rule or "",
        "rules": list(decision.rules),
        "revision": house.rules.hash,
        "keywords": list(decision.keywords),
        "reasons": [
            {"rule": one.rule, "decisive": one.decisive, "words": one.words} for one in decision.reasons
        ],
        "why": {language: why(decision, language) for language in ("en", "fr")},
        "private": _visibility(decision, team, house) == "private",
    }
    return Judged(decision, team, machine, ours, kept)


def _of_its_mailbox(decision: Decision, mail: Mail, house: House) -> Decision:
    """Where no rule routes the mailbox's own team goes before the rules' default, and the reasons do not name that."""
    account = house.config.account(mail.mailbox)
    has_team = account is not None and account.team is not None
    return (
        msgspec.structs.replace(decision, route_to=None) if has_team and decision.rule is None else decision
    )


def _route(decision: Decision, mail: Mail, house: House) -> str:
    """Whose the mail is: a rule or the rules' default says it, else the mailbox's own team or triage gets it."""
    if not decision.route_to:
        return _unrouted(mail, house)
    named = house.directory.named(decision.route_to)
    return named.address if named else decision.route_to.lower()


def _unrouted(mail: Mail, house: House) -> str:
    """The team that gets what no rule routes: the mailbox's, else triage."""
    account = house.config.account(mail.mailbox)
    named = house.directory.named(account.team) if account and account.team else None
    return named.address if named else house.triage


def _is_own_list(mail: Mail, message: Message, house: House) -> bool:
    account = house.config.account(mail.mailbox)
    wanted = {name.strip("<> ").lower() for name in account.lists} if account else set()
    return message.list_id.strip("<> ").lower() in wanted


def open_task(
    mail: Mail, message: Message, judged: Judged, unit: Unit, before: TaskState | None = None
) -> int:
    """Open the task of a mail; `before` is the closed one that it follows. Returns the task's id."""
    decision, house, team = judged.decision, unit.house, judged.team
    number = ids.new_id()
    anonymize = bool(decision.anonymize)
    policy, notify = _policy(decision, house), addresses([_resolved(name, house) for name in decision.notify])
    calendar = house.calendar_for(decision.calendar, team.address)
    first = _first_sender(mail, message, house)
    facts = {
        "reference": unit.free_reference(),
        "title": mail.subject,
        "team": team.address,
        "priority": decision.priority or "normal",
        "type": decision.type or "",
        "labels": decision.labels,
        "fields": decision.fields,
        "requester": first.address if first else mail.from_address,
        "requester_name": first.name if first else mail.from_name,
        "watchers": (mail.from_address,) if first else (),
        "organization": team.organization,
        "visibility": _visibility(decision, judged.team, house),
        "anonymize": anonymize,
        "mail": mail.pk,
        "rule": decision.rule or "",
        "revision": house.rules.hash,
        "language": message.language,
        "mailbox": mail.mailbox,
        "loops": tuple(message.loop_marks),
        "spared": echoing(mail, _named(team, policy, notify, unit), unit),
        "policy": msgspec.to_builtins(policy),
        "calendar": calendar,
        "due_at": due_at(unit.now, decision.due, house.calendar(calendar)),
        "attach": decision.attach,
        "answerable": message.trusted and not judged.is_machine and mail.trust != "fail",
    }
    actor = Actor("rule", decision.rule or "") if decision.rule else Actor("system")
    command = Open(
        task=number,
        actor=actor,
        at=unit.now,
        facts=facts,
        notify=notify,
        acknowledge="" if first else _receipt(mail, judged, unit),
    )
    handle([command], unit)
    if before is not None:
        _remark(number, f"Follows the closed task {before.reference}.", unit)
    if first is not None:
        _remark(
            number, f"Passed on by {mail.from_address}; answers go to {first.address}, who wrote it.", unit
        )
    return number


def _named(team: TeamCard, policy: Policy, notify: tuple[str, ...], unit: Unit) -> tuple[str, ...]:
    """The addresses that rule and team name: whoever is to hear of the task by itself."""
    levels = [_resolved(name, unit.house) for one in policy.levels for name in (one.to or "", *one.notify)]
    return unit.house.directory.reach(
        filter(None, (team.address, team.supervisor, *notify, *levels)), unit.now
    )


def _remark(task: int, text: str, unit: Unit) -> None:
    """A note of Orgo's own on a task that it opens; nobody is told of it."""
    note = unit.add_note(task, "note", "", text)
    handle([Comment(task=task, actor=Actor("system"), at=unit.now, note=note, quiet=True)], unit)


def _first_sender(mail: Mail, message: Message, house: House) -> Address | None:
    """Who wrote a mail that one of our people passes on: the requester is not the one in the middle.

    Only who works here is believed, and nobody whose mail fails the check; no receipt goes to somebody who was only
    named (design/security.md S03).
    """
    if mail.from_address not in house.directory.people or mail.trust == "fail":
        return None
    found = message.attached_sender or forwarded_from(mail.subject, mail.text)
    return found if found is not None and not house.is_own(found.address) else None


def open_triage(mail: Mail, reason: str, unit: Unit) -> int:
    """Give triage a task for a mail that could not be read, made from what is safe to say of it."""
    house = unit.house
    team = house.directory.team(house.triage)
    language = team.language or house.config.organization.language
    number = ids.new_id()
    facts = {
        "reference": unit.free_reference(),
        "title": words.said("unreadable", language, mail=mail.subject or reason)[:300],
        "team": team.address,
        "requester": "",
        "organization": team.organization,
        "mail": mail.pk,
        "labels": ("quarantine",),
        "policy": msgspec.to_builtins(house.default_policy),
        "calendar": house.calendar_for(None, team.address),
        "answerable": False,
    }
    handle([Open(task=number, actor=Actor("system"), at=unit.now, facts=facts)], unit)
    return number


def stricter(decision: Decision, state: TaskState) -> dict[str, Any]:
    """The task's values that the rules want of one more mail, where they are stricter than the task's own."""
    values: dict[str, Any] = {}
    wanted = "private" if decision.anonymize else decision.visibility
    if wanted and STRICTEST.index(wanted) < STRICTEST.index(state.visibility):
        values["visibility"] = wanted
    if decision.anonymize and not state.anonymize:
        values["anonymize"] = True
    return values


def _visibility(decision: Decision, team: TeamCard, house: House) -> str:
    if decision.anonymize:
        return "private"
    return decision.visibility or team.visibility or house.config.teams.visibility


def _policy(decision: Decision, house: House) -> Policy:
    policy = policy_of(decision, house.config) if decision.levels else house.default_policy
    return msgspec.structs.replace(policy, remind_before=REMIND_BEFORE)


def _resolved(name: str, house: House) -> str:
    team = house.directory.named(name)
    return team.address if team else name


def _enough_receipts(mail: Mail, unit: Unit) -> bool:
    """Whether the sender's domain had as many receipts within an hour as it may."""
    domain = "@" + mail.from_address.rpartition("@")[2]
    # All states, so that the index by state and date is of use.
    written = Letter.objects.filter(state__in=LETTER_STATES, date__gt=unit.now - timedelta(hours=1))
    count = written.filter(kind="received", recipient__endswith=domain).count()
    count += sum(1 for state in unit.wished("received") if state.requester.endswith(domain))
    return count >= RECEIPTS_AN_HOUR


def _receipt(mail: Mail, judged: Judged, unit: Unit) -> str:
    """The template of the receipt to the sender, or "" where none may go.

    Only to senders that are who they say (or of our own network), once a day and address, never to machines or lists: else
    a stranger's mail in a victim's name would make Orgo write to the victim (design/security.md S03). Nor for mail out of
    an archive: its sender wrote it long ago.
    """
    wanted, believed = judged.decision.acknowledge, mail.trust in ("pass", "internal")
    if not wanted or not believed or mail.source == "import" or judged.is_machine or judged.is_own_list:
        return ""
    pending = any(
        m.from_address == mail.from_address and m.outcome == "opened" and m.pk != mail.pk
        for m in unit.mails.values()
    )
    if pending:  # first, for it asks no database: a flood in one name comes in batches
        return ""
    since = unit.now - ACKNOWLEDGE_AGAIN_AFTER
    told = Letter.objects.filter(kind="received", recipient=mail.from_address, date__gte=since).exists()
    return "" if told or (mail.trust == "pass" and _enough_receipts(mail, unit)) else wanted
