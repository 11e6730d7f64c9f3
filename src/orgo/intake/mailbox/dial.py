"""A session with a mailbox's server, by the protocol that its configuration names."""

from orgo.conf.config import Mailbox
from orgo.intake.mailbox.ports import Session


def open_session(account: Mailbox) -> Session:
    """Connect and sign in. Raises MailboxError."""
    if account.protocol == "pop3":
        from orgo.intake.mailbox.pop3 import Pop3Session

        return Pop3Session(account)
    from orgo.intake.mailbox.imap import ImapSession

    return ImapSession(account)
