"""The rows of mail as it came: one for each mail, its bytes beside it, and what is known of the mailboxes it is fetched from."""

from datetime import datetime
from typing import ClassVar

from django.db import models

from orgo.lib import ids

OUTCOMES = ("opened", "joined", "linked", "bounce", "ignored", "history", "observed", "quarantined")


class Mail(models.Model):
    """A mail that was taken. `outcome` is empty until it was decided where it ends; then it is one of OUTCOMES."""

    id = models.BigIntegerField(primary_key=True, default=ids.new_id)
    # Where it came from, and what makes a second taking of the same mail known (DESIGN.md section 3, H1).
    source = models.CharField(max_length=10)
    mailbox = models.CharField(max_length=254, blank=True)
    receipt_key = models.CharField(max_length=200, null=True, unique=True)
    data_hash = models.CharField(max_length=64, db_index=True)
    envelope_from = models.CharField(max_length=320, blank=True)
    envelope_to = models.JSONField(default=list)
    peer = models.CharField(max_length=60, blank=True)
    # When Orgo got it.
    received_at = models.DateTimeField()
    # When the mailbox's own server got it (RFC 3501 section 2.3.3); none for mail that was handed in. Where it matters when a
    # mail came, see `came_at`.
    arrived_at = models.DateTimeField(null=True)
    size = models.IntegerField()
    mode = models.CharField(max_length=8, default="work")
    # Of work: whose it is, as a number (intake/store.py), and when its turn is among what waits (lib/turns.py).
    sender = models.BigIntegerField(default=0, db_default=0)
    turn = models.BigIntegerField(default=0, db_default=0)
    # The way to its decision.
    outcome = models.CharField(max_length=12, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    attempts = models.SmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)
    task = models.BigIntegerField(null=True, db_index=True)
    same_as = models.BigIntegerField(null=True)
    decision = models.JSONField(null=True)
    # What the parser read, for the page and for search.
    content_key = models.CharField(max_length=64, blank=True)
    # Of a mail that opened a task: what an equal mail of the same day is known by (flow/storms.py).
    words_key = models.CharField(max_length=64, blank=True, default="", db_default="")
    message_id = models.CharField(max_length=255, blank=True)
    from_address = models.CharField(max_length=320, blank=True)
    from_name = models.CharField(max_length=200, blank=True)
    trust = models.CharField(max_length=8, blank=True)
    subject = models.CharField(max_length=1000, blank=True)
    text = models.TextField(blank=True)
    has_html = models.BooleanField(default=False)
    attachments = models.JSONField(default=list)
    warnings = models.JSONField(default=list)

    class Meta:
        db_table = "intake_mail"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["mode", "turn", "id"], name="intake_mail_turn", condition=models.Q(outcome="")
            ),
            models.Index(
                fields=["sender", "turn"], name="intake_mail_sender", condition=models.Q(outcome="")
            ),
            models.Index(
                fields=["content_key"], name="intake_mail_content", condition=~models.Q(content_key="")
            ),
            models.Index(fields=["words_key"], name="intake_mail_words", condition=~models.Q(words_key="")),
            models.Index(fields=["message_id"], name="intake_mail_msgid", condition=~models.Q(message_id="")),
            models.Index(fields=["outcome", "decided_at"], name="intake_mail_outcome"),
            models.Index(
                fields=["same_as"], name="intake_mail_copies", condition=models.Q(same_as__isnull=False)
            ),
        ]

    @property
    def came_at(self) -> datetime:
        """When the mailbox's own server got it, or Orgo where none did; a server's clock that is ahead is not believed."""
        return min(self.arrived_at, self.received_at) if self.arrived_at else self.received_at


class RawMail(models.Model):
    """The bytes of a mail as they came, zstd-compressed, kept once: in `data`, or beside the database in `blob`."""

    mail = models.OneToOneField(Mail, primary_key=True, on_delete=models.CASCADE, related_name="raw")
    data = models.BinaryField()
    blob = models.CharField(max_length=64, blank=True, default="", db_default="")

    class Meta:
        db_table = "intake_raw"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["blob"], name="intake_raw_blob", condition=~models.Q(blob=""))
        ]


class ImportRun(models.Model):
    """An archive that is being read in, so that a second run goes on where the first stopped."""

    key = models.CharField(max_length=64, unique=True)
    path = models.TextField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    done = models.IntegerField(default=0)
    taken = models.IntegerField(default=0)

    class Meta:
        db_table = "intake_import"


class ImportPlace(models.Model):
    """How far an archive of a run that has not ended was read, and what was met in it up to there (intake/places.py).

    `file` is its path's hash; `stamp` says in which state of the file the place is one.
    """

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="places")
    file = models.CharField(max_length=64)
    stamp = models.CharField(max_length=64)
    number = models.BigIntegerField(default=0)
    offset = models.BigIntegerField(default=0)
    ended = models.BooleanField(default=False)
    mails = models.IntegerField(default=0)
    older = models.IntegerField(default=0)
    others = models.JSONField(default=dict)

    class Meta:
        db_table = "intake_import_place"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["run", "file"], name="intake_import_place_once"),
        ]


class ImportUnread(models.Model):
    """What could not be read of an archive, up to its place: `item` says where it is."""

    place = models.ForeignKey(ImportPlace, on_delete=models.CASCADE, related_name="unread")
    item = models.TextField()
    why = models.TextField()

    class Meta:
        db_table = "intake_import_unread"


class WaitingFile(models.Model):
    """A file of the watched folder that is not taken: it is `locked` by another program, `asks`, or has `failed`.

    `tasks` says how many would come of one that asks, `why` what is wrong with one that failed (its name is `failed/..`).
    """

    name = models.CharField(max_length=300, unique=True)
    reason = models.CharField(max_length=8)
    tasks = models.IntegerField(default=0)
    why = models.TextField(blank=True, default="", db_default="")
    since = models.DateTimeField()

    class Meta:
        db_table = "intake_waiting_file"


MAILBOX_STATES = ("", "ok", "auth_failed", "unreachable", "certificate", "tls", "folder", "no_room", "error")


class Mailbox(models.Model):
    """How it stands with a mailbox of the configuration; `state` is empty until it was tried for the first time.

    `mode` is `observe` (read-only, nobody is told) or `live`, from `cutoff` on. `noticed` is the trouble that the
    administrator was told of, so that there is one notice, and one when it is over.
    """

    name = models.CharField(max_length=254, unique=True)
    mode = models.CharField(max_length=8, default="observe")
    cutoff = models.DateTimeField(null=True)
    paused = models.BooleanField(default=False)
    state = models.CharField(max_length=12, blank=True)
    detail = models.CharField(max_length=300, blank=True)
    since = models.DateTimeField(null=True)
    failures = models.IntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    last_ok_at = models.DateTimeField(null=True)
    last_mail_at = models.DateTimeField(null=True)
    # From the server's receipt of the last mail to its commit here, and how many were waiting there at the last look.
    lag_seconds = models.IntegerField(null=True)
    waiting = models.IntegerField(default=0)
    noticed = models.CharField(max_length=12, blank=True)

    class Meta:
        db_table = "intake_mailbox"


class Folder(models.Model):
    """How far a folder of a mailbox was read; `uidvalidity` is the epoch its UIDs belong to (RFC 3501 section 2.3.1.1)."""

    mailbox = models.ForeignKey(Mailbox, on_delete=models.CASCADE, related_name="folders")
    name = models.CharField(max_length=300)
    uidvalidity = models.BigIntegerField(default=0)
    last_uid = models.BigIntegerField(default=0)
    highestmodseq = models.BigIntegerField(default=0)
    # Mails up to this UID were there when the epoch changed: one that is known by its bytes is not taken a second time.
    known_until = models.BigIntegerField(default=0)
    # When it was last looked through to its end: what is new in it now came after that.
    read_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=300, blank=True)

    class Meta:
        db_table = "intake_folder"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["mailbox", "name"], name="intake_folder_once"),
        ]


class Receipt(models.Model):
    """A mail on a server. `owed_since` is when it was stored, as long as it is still to be marked, moved or removed there.

    `problem` says why it was not taken (`too_large`, `unreadable`, `broken`), and then `mail` is empty. A POP3 server may
    give the key of a mail that is `gone` to another one, whose bytes (`sha256`) are then others.
    """

    folder = models.ForeignKey(Folder, on_delete=models.CASCADE, related_name="receipts")
    uid = models.CharField(max_length=140)
    mail = models.BigIntegerField(null=True, db_index=True)
    size = models.IntegerField(default=0)
    arrived_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=12, blank=True)
    owed_since = models.DateTimeField(null=True)
    gone = models.BooleanField(default=False, db_default=False)
    sha256 = models.CharField(max_length=64, blank=True, default="", db_default="")

    class Meta:
        db_table = "intake_receipt"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["folder", "uid"], name="intake_receipt_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["folder", "owed_since"],
                name="intake_receipt_owed",
                condition=models.Q(owed_since__isnull=False),
            ),
            models.Index(
                fields=["folder", "problem"], name="intake_receipt_left", condition=~models.Q(problem="")
            ),
        ]
