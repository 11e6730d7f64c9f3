"""`orgo backup create`, `list`, `verify`, `restore`, `release`, `schedule`, `prune` and `drill`."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from orgo.cli.errors import Code, Stop
from orgo.cli.house import acting, as_option, enter, need
from orgo.cli.lazy import Group
from orgo.cli.output import as_json_option, line, say, when
from orgo.lib.problems import BadInput, Problem
from orgo.lib.text import clean_name, counted

if TYPE_CHECKING:
    from orgo.backup.blobs import Beside, Lost
    from orgo.backup.restoring import Restored
    from orgo.backup.stores import Store
    from orgo.conf import Config

_MOST_LOST = 20
_name = click.argument("name", required=False)
_key = click.option(
    "--key", type=click.Path(path_type=Path), help="A file with the key; that of backup.key where not given."
)


@click.group(cls=Group, epilog="Example: orgo backup create")
def backup() -> None:
    """Sealed copies of all that Orgo holds. NAME is one that `list` shows, or a file; the newest where not given."""


@backup.command(epilog="Example: orgo backup create")
@as_json_option
def create(as_json: bool) -> int:
    """Make one now and send it away. One that can't leave is kept here and goes later (exit code 6).

    Mails whose bytes are lost are said, and the rest is backed up (exit code 5).
    """
    config = enter()
    from orgo.backup.making import create as work
    from orgo.backup.turn import Busy
    from orgo.conf.s3 import Away

    try:
        made = work(config)
    except Busy as error:
        raise Stop(Code.LATER, str(error)) from None
    if as_json:
        line(made)
    else:
        click.echo(
            f"{made.name}: {_size(made.bytes)}, {sum(made.rows.values())} rows, {len(made.files)} files"
        )
    with suppress(BadInput, Away, OSError):  # this one is made, whatever becomes of a look at the others
        _say_strangers(config)
    if made.waiting:
        words = f"{len(made.waiting)} wait in {config.var / 'backup' / 'waiting'} until they can leave: {made.reason}"
        raise Stop(Code.PARTLY, *_of_lost(made.lost), words)
    if made.lost:
        words = f"the backup is there, but for the bytes of {counted(len(made.lost), 'mail')}, which are lost"
        raise Stop(Code.CONFLICT, *_of_lost(made.lost), words)
    return Code.DONE


def _say_strangers(config: "Config") -> None:
    """Warn of backups that the present key can't open. Raises Away, BadInput."""
    from orgo.backup.making import strangers, words_of_strangers

    if found := strangers(config):
        say(words_of_strangers(found))


def _of_lost(lost: "list[Lost]") -> list[str]:
    """The first of the mails without bytes; `--json` has them all."""
    more = [f"and {len(lost) - _MOST_LOST} more"] if len(lost) > _MOST_LOST else []
    return [*map(str, lost[:_MOST_LOST]), *more]


@backup.command("list", epilog="Example: orgo backup list --json")
@as_json_option
def list_(as_json: bool) -> int:
    """The backups that there are, the oldest first: those that wait here too; only these where the store is away."""
    config = _config()
    from orgo.backup.making import backup_of
    from orgo.backup.state import waiting_in
    from orgo.backup.stores import store_of
    from orgo.conf.s3 import Away

    away, found = "", [(one, "waiting") for one in waiting_in(config)]
    try:
        found = [(one, "there") for one in store_of(backup_of(config), config).all()] + found
    except Away as error:
        away = str(error)
    for one, where in found:
        if as_json:
            line({"name": one.name, "at": one.at, "bytes": one.bytes, "place": where})
        else:
            click.echo(f"{one.name}  {_size(one.bytes):>10}{'  waits here' if where == 'waiting' else ''}")
    if away:
        words = f"only those that wait here are listed, the others can't be reached: {away}"
        raise Stop(Code.PARTLY if found else Code.UNREACHABLE, words)
    if not found and not as_json:
        click.echo("there is no backup yet; make one: orgo backup create")
    return Code.DONE


@backup.command(epilog="Example: orgo backup verify")
@_name
@_key
@as_json_option
def verify(name: str | None, key: Path | None, as_json: bool) -> int:
    """Read all of it, every byte authenticated, and say what it holds; nothing is written."""
    from orgo.backup.archive import look_through
    from orgo.backup.blobs import each

    with _opened(name) as (shown, file, beside):
        header, manifest = look_through(file, _secret(key), shown)
        lost = [what for _, what in each(manifest.blobs, beside, _secret(key)) if isinstance(what, Problem)]
    if lost:
        raise BadInput(lost)
    if as_json:
        line({"name": shown, "id": header.id, **_fields(manifest)})
        return Code.DONE
    click.echo(
        f"{shown}: whole, made on {manifest.made_at[:19]} UTC by Orgo {manifest.orgo} from {manifest.database}"
    )
    click.echo(
        f"{sum(manifest.rows.values())} rows in {len(manifest.rows)} tables, {len(manifest.files)} files"
    )
    for table, count in manifest.rows.items():
        click.echo(f"  {table:20} {count}")
    for place in manifest.files:
        click.echo(f"  {place}")
    head = manifest.head
    click.echo(
        f"the trail's head: seal {head['seal']}, {head['hash']}" if head else "the trail has no seal yet"
    )
    return Code.DONE


@backup.command(
    epilog="Example: orgo backup restore orgo-20261123T171500.000000Z.orgo-backup --key backup.key"
)
@_name
@click.option("--to", "url", help="The database, as in `database:`; by the configuration where not given.")
@_key
@click.option(
    "--skip-lost", is_flag=True, help="Take the rest where bytes of large mail are lost (exit code 6)."
)
@as_json_option
def restore(name: str | None, url: str | None, key: Path | None, skip_lost: bool, as_json: bool) -> int:
    """Bring one back into this home, which has no work yet. Letters that had not left are not sent: a person looks at them."""
    from orgo.conf import boot, places

    boot.use_own_sqlite()
    from orgo.backup.restoring import restore as work

    with _opened(name) as (shown, file, beside):
        home = places.home_of(os.environ)
        found = work(file, _secret(key), shown, home, _url(url), os.environ, beside, skip_lost=skip_lost)
    if as_json:
        line(found)
    elif found.already:
        click.echo(f"this backup was restored here already; {_put_back(found.put_back)}")
    else:
        _say_restored(found, url)
    if found.lost:
        words = f"{counted(len(found.lost), 'mail')} came back without the bytes, which are lost"
        raise Stop(Code.PARTLY, *_of_lost(found.lost), words)
    return Code.DONE


def _put_back(places: list[str]) -> str:
    if not places:
        return "nothing was changed"
    return f"the database stays as it is, and what lacked is put back: {', '.join(places)}"


def _say_restored(found: "Restored", url: str | None) -> None:
    click.echo(f"{sum(found.rows.values())} rows of {found.made_at[:19]} UTC are back")
    if found.letters_held:
        click.echo(f"{found.letters_held} letters had not left then and are held: orgo backup release")
    for place in found.beside:
        gave_way = place.endswith(".before-restore")
        click.echo(f"{'what was here is' if gave_way else 'what is here stays, the backup has'}: {place}")
    if any("from-backup" in Path(place).parts for place in found.beside):
        say("Orgo may not write this configuration: put there yourself what you want of var/from-backup")
    if found.secrets:
        click.echo(f"secrets are in no backup; give them again: {', '.join(found.secrets)}")
    _say_what_next(url)


def _say_what_next(url: str | None) -> None:
    from orgo.conf.kinds import masked

    if url:
        say(f"now write database: {masked(url)} into config.yaml")
    say("then: orgo audit verify, and start Orgo; mailboxes are fetched again from where they were then")


@backup.command(epilog="Example: orgo backup prune --dry-run")
@click.option("--dry-run", is_flag=True, help="Only say which would go.")
@as_json_option
def prune(dry_run: bool, as_json: bool) -> int:
    """Remove the backups that backup.keep does not ask for; the newest always stays."""
    config = enter()
    from orgo.backup.making import prune as work

    with _reaching():
        gone = work(config, dry=dry_run)
        _say_strangers(config)
    for one in gone:
        if as_json:
            line({"name": one.name, "at": one.at, "bytes": one.bytes, "removed": not dry_run})
        else:
            click.echo(f"{'would go' if dry_run else 'removed'}: {one.name}")
    if not gone and not as_json:
        click.echo("nothing to remove")
    return Code.DONE


@backup.command(epilog='Example: orgo backup schedule "6 hours"')
@click.argument("every", required=False)
@as_json_option
def schedule(every: str | None, as_json: bool) -> int:
    """Show when backups are made by themselves; with EVERY ("1 day", never) write it into config.yaml."""
    config = enter()
    from orgo.backup import scheduling

    if every:
        config = scheduling.set_every(config, every)
    found = scheduling.schedule(config)
    if as_json:
        line(found)
    else:
        keep = ", ".join(f"{count} {name}" for name, count in found.keep.items())
        click.echo(f"to {found.to}, kept: {keep}; the last one: {when(found.last) or 'none yet'}")
        click.echo(
            f"the next one: {when(found.next) or 'none by itself'}{'' if found.here else ', on another machine'}"
        )
    if every:
        say("an Orgo that runs goes by it when it is started anew")
    return Code.DONE


@backup.command(epilog="Example: orgo backup release --dry-run")
@click.option("--cancel", is_flag=True, help="They had left, or nobody misses them: they are never sent.")
@click.option("--dry-run", is_flag=True, help="Only show them.")
@as_option
@as_json_option
def release(cancel: bool, dry_run: bool, actor: str | None, as_json: bool) -> int:
    """Send the letters that are held since a restore: they may have left before it; from then on none is held."""
    config = enter()
    from orgo.flow import restored
    from orgo.outbox.claim import held_as_maybe_sent

    by = acting(actor)
    need(by, "manage_mail", "release letters")
    letters = held_as_maybe_sent().order_by("id").values("id", "kind", "recipient", "subject", "date")
    for letter in letters if dry_run or as_json else ():
        if as_json:
            line(letter)
        else:
            click.echo(f"{when(letter['date'])}  {letter['recipient']}  {clean_name(letter['subject'])}")
    if dry_run:
        return Code.DONE
    can_send = config.smtp is not None
    waiting = 0 if cancel or can_send else letters.filter(channel="email").count()
    count = restored.release(by.address, cancel=cancel, can_send=can_send)
    say(f"{counted(count, 'letter')} {'are cancelled' if cancel else 'may leave now'}{_rest(waiting)}")
    return Code.DONE


def _rest(waiting: int) -> str:
    """Of the letters that no server takes: they leave by themselves when Orgo is started with one."""
    return f"; {waiting} {'waits' if waiting == 1 else 'wait'} until smtp: is configured" if waiting else ""


@backup.command(epilog="Example: orgo backup drill")
@_name
@_key
@as_json_option
def drill(name: str | None, key: Path | None, as_json: bool) -> int:
    """Restore one in a folder of its own and compare it: rows, tasks with their events, seals. Nothing else is touched."""
    config = _config()
    from orgo.backup.drilling import drill as work

    began = time.monotonic()
    with _opened(name) as (shown, file, beside):
        found = work(file, _secret(key), shown, config.var / "backup" / "drill", beside)
    took = time.monotonic() - began
    if as_json:
        line({"name": shown, "seconds": round(took, 1), **_fields(found)})
    else:
        click.echo(f"{shown}: restored in {took:.1f} s, {found.rows} rows in {found.tables} tables")
        click.echo(f"{found.tasks} tasks are the fold of {found.events} events, {found.seals} seals")
    if found.wrong:
        raise Stop(Code.CONFLICT, *found.wrong)
    return Code.DONE


def _config() -> "Config":
    """The configuration; no database is needed."""
    from orgo.conf import boot, load

    boot.use_own_sqlite()
    return load()


def _secret(file: Path | None) -> bytes:
    from orgo.backup.making import backup_of
    from orgo.backup.stream import secret_of

    if file is None:
        return secret_of(backup_of(_config()).secret())
    try:
        return secret_of(file.read_text("utf-8"))
    except UnicodeDecodeError:
        return secret_of("")


def _url(url: str | None) -> str | None:
    from orgo.conf.kinds import database_url

    try:
        return database_url(url) if url else None
    except ValueError as error:
        raise BadInput(Problem(str(error), key="--to")) from None


@contextmanager
def _opened(name: str | None) -> Iterator[tuple[str, BinaryIO, "Beside"]]:
    """The backup of this name: a file, one that waits here, or one of the store; the newest where none is named.

    A file needs no configuration: that of a machine that is gone can seldom be read whole.
    """
    with _reaching():
        given = Path(name) if name and Path(name).is_file() else None
        shown, file = (str(given), given.open("rb")) if given else _found(_config(), name)
        with file:
            yield shown, file, _beside(given)


def _beside(file: Path | None) -> "Beside":
    """Where a backup's blobs are: beside its file, else in the store."""
    from orgo.backup.making import backup_of
    from orgo.backup.stores import Folder, store_of

    if file is not None:
        return Folder(file.parent).open

    @cache
    def store() -> "Store":
        config = _config()
        return store_of(backup_of(config), config)

    return lambda name: store().open(name)


def _found(config: "Config", name: str | None) -> tuple[str, BinaryIO]:
    from orgo.backup.making import backup_of
    from orgo.backup.state import waiting_in
    from orgo.backup.stores import store_of

    here = {one.name: one for one in waiting_in(config)}
    if name in here:
        return name, (config.var / "backup" / "waiting" / name).open("rb")
    store = store_of(backup_of(config), config)
    if name:
        return _one_of(store.open, name)
    everything = sorted([*store.all(), *here.values()], key=lambda one: one.at)
    if not everything:
        raise Stop(Code.NOT_FOUND, "there is no backup yet; make one: orgo backup create")
    newest = everything[-1].name
    return _found(config, newest) if newest in here else (newest, store.open(newest))


def _one_of(opener: object, given: str) -> tuple[str, BinaryIO]:
    assert callable(opener)
    name = Path(given).name
    try:
        return name, opener(name)
    except FileNotFoundError:
        raise Stop(Code.NOT_FOUND, f"no backup {given}; orgo backup list shows them") from None


@contextmanager
def _reaching() -> Iterator[None]:
    """The store can't be had: said, with its own words."""
    from orgo.backup.turn import Busy
    from orgo.conf.s3 import Away

    try:
        yield
    except Away as error:
        raise Stop(Code.UNREACHABLE, f"the backups can't be reached: {error}") from None
    except Busy as error:
        raise Stop(Code.LATER, str(error)) from None


def _fields(found: object) -> dict[str, object]:
    import msgspec

    built: dict[str, object] = msgspec.to_builtins(found)
    return built


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 100_000 else f"{count / 1e3:.1f} kB"
