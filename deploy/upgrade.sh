#!/usr/bin/env bash
# Brings an installed Orgo to this checkout's version: backup, migrate, switch, restart, look; and back again where it
# does not live. Stopped at any moment, run it again.
set -euo pipefail
# shellcheck source=deploy/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
    cat <<'USAGE'
usage: deploy/upgrade.sh [--yes] [--dry-run] [--root DIR] [--backup-made]

Upgrades the Orgo that deploy/install.sh installed to the version of this checkout. Before, a backup of database and
configuration goes to /var/backups/orgo; when the new version does not live, the old one and its data come back. A
database on another server is backed up by `orgo backup create`, and stays as it is when the old version comes back.

  --yes          ask nothing
  --dry-run      print what would be done, and change nothing
  --root DIR     the Orgo below DIR, as install.sh --root made it
  --backup-made  the database is on another server and was backed up there: only the configuration is backed up here

example:  git pull && sudo deploy/upgrade.sh --yes
USAGE
}

TARGET="" BACKUP_MADE="" KEPT_RELEASES=3 KEPT_BACKUPS=10
# What is only ever added to, and may be large: no part of the backup, and it stays where it is when the old version comes back.
APART=(blobs backups)
PLACED=(etc/systemd/system/orgo.service etc/systemd/system/orgo-worker@.service usr/local/bin/orgo)

read_words() {
    while (($#)); do
        case $1 in
            -h | --help) usage && exit 0 ;;
            --yes) YES=1 ;;
            --dry-run) DRY=1 ;;
            --backup-made) BACKUP_MADE=1 ;;
            --root)
                (($# > 1)) || stop 2 "--root needs a folder"
                TARGET=$2
                shift
                ;;
            *) stop 2 "$1 is not known here; see --help" ;;
        esac
        shift
    done
    [[ -z $TARGET ]] || root_of "$TARGET"
}

# What is known of this upgrade; all but NEW, FACTS and STOPPED stand in the marker while it is under way.
OLD="" NEW="" KEPT="" PHASE="" WORKERS="" DATABASE="" FACTS="" STOPPED=""

marker() { printf '%s\n' "$ROOT$OPT/.upgrading"; }

# mark PHASE: an upgrade is under way, `on` to the new version or `back` to the old one; a killed run is gone on with.
mark() {
    PHASE=$1
    printf '%s\n' "$OLD" "$KEPT" "$PHASE" "$WORKERS" "$DATABASE" >"$(marker).new"
    sync "$(marker).new"
    mv "$(marker).new" "$(marker)"
}

read_mark() {
    [[ -e $(marker) ]] || return 0
    { read -r OLD && read -r KEPT && read -r PHASE && read -r WORKERS && read -r DATABASE; } <"$(marker)" || true
    PHASE=${PHASE:-on}
}

# where_database: what database there is: `sqlite FILE`, `postgresql PORT NAME` (on this machine) or `elsewhere`.
where_database() {
    local file host port name
    file=$(fact sqlite "$FACTS")
    read -r host port name <<<"$(fact postgresql "$FACTS")" || true
    if [[ $file ]]; then
        printf 'sqlite %s\n' "$file"
    elif on_machine && id postgres >/dev/null 2>&1 && [[ $host == 127.0.0.1 || $host == localhost || $host == ::1 ]]; then
        printf 'postgresql %s %s\n' "$port" "$name"
    else
        echo elsewhere
    fi
}

# copy_sqlite FROM TO: a copy by SQLite's own backup, whole whatever is in the log beside the file.
copy_sqlite() {
    "$ROOT$OPT/releases/$OLD/bin/python" -c '
import contextlib, os, sys
try: from pysqlite3 import dbapi2 as sqlite3
except ImportError: import sqlite3
source, target = sys.argv[1:]
with contextlib.closing(sqlite3.connect(source)) as old, contextlib.closing(sqlite3.connect(target + ".part")) as new:
    old.backup(new)
os.replace(target + ".part", target)' "$1" "$2"
}

# dump TO: the database as it is, in the form of its kind.
dump() {
    local kind where name
    read -r kind where <<<"$DATABASE"
    case $kind in
        sqlite)
            [[ ! -f $where ]] || copy_sqlite "$where" "$1.sqlite3"
            ;;
        postgresql)
            read -r where name <<<"$where"
            as_postgres pg_dump -Fc -p "$where" "$name" >"$1.dump.part"
            mv "$1.dump.part" "$1.dump"
            ;;
    esac
}

# elsewhere: a database on another server is backed up by Orgo itself, where it has a key for that.
elsewhere() {
    [[ $DATABASE == elsewhere && -z $BACKUP_MADE ]] || return 0
    as_orgo "$OLD" config show --json | grep -q '"backup.key"' ||
        stop 2 "the database is on another server: configure backup:, or back it up there and say --backup-made"
    say "the database is on another server: orgo backup create"
    local code=0
    as_orgo "$OLD" backup create || code=$?
    # 5: it is there, but for mails whose bytes were lost before; which, it has said.
    ((code == 0 || code == 5)) || stop 6 "it could not be backed up; nothing was changed"
}

# backup: puts the name of a folder into KEPT, with a backup that is whole; it appears under its name only when it is.
backup() {
    local place kind where
    local -a but=("${APART[@]/#/--exclude=./}") placed=()
    place=$ROOT$BACKUPS/$(date -u +%Y%m%d-%H%M%S)-$OLD
    while [[ -e $place ]]; do # the upgrade before was within this second
        sleep 0.2
        place=$ROOT$BACKUPS/$(date -u +%Y%m%d-%H%M%S)-$OLD
    done
    read -r kind where <<<"$DATABASE"
    [[ $kind != sqlite ]] || but+=(--exclude="./${where##*/}" --exclude="./${where##*/}-*")
    rm -rf "$ROOT$BACKUPS"/*.part
    install -d -m 0700 "$ROOT$BACKUPS" "$place.part"
    tar -C "$ROOT$ETC" --exclude=./credentials -cf "$place.part/configuration.tar" .
    tar -C "$ROOT$HOME_OF_ORGO/var" "${but[@]}" -cf "$place.part/var.tar" .
    mapfile -t placed < <(cd "${ROOT:-/}" && find "${PLACED[@]}" 2>/dev/null)
    tar -C "${ROOT:-/}" -cf "$place.part/placed.tar" "${placed[@]}"
    dump "$place.part/database"
    sync "$place.part"/* "$place.part"
    mv "$place.part" "$place"
    KEPT=$place
}

# own_as OTHER FILE: the file belongs to whom the other one does.
own_as() { ! on_machine || chown --reference="$1" "$2"; }

# put_sqlite FROM FILE: the copy is in the file's place; an old log beside it would be played into it.
put_sqlite() {
    cp "$1" "$2.part"
    own_as "$ROOT$HOME_OF_ORGO" "$2.part"
    chmod 0640 "$2.part"
    rm -f "$2-wal" "$2-shm" "$2-journal"
    mv "$2.part" "$2"
}

# put_postgresql DUMP PORT NAME: all tables are the dump's, in one transaction; no other is left, for the new version made it.
put_postgresql() {
    {
        cat <<'SQL'
BEGIN;
DO $$ DECLARE one regclass; BEGIN
    FOR one IN SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'v', 'm') AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
    LOOP EXECUTE format('DROP TABLE IF EXISTS %s CASCADE', one); END LOOP;
END $$;
SQL
        as_postgres pg_restore --clean --if-exists -f - <"$1"
        echo 'COMMIT;'
    } | as_postgres psql -qX -o /dev/null -v ON_ERROR_STOP=1 -p "$2" "$3"
}

# set_aside VAR AFTER: what is in the one folder is in the other, but what stays apart; AFTER appears when all is in it. A
# machine that began anew in between may have written a second of what is there already: both stay.
set_aside() {
    local name
    local -a but=()
    [[ ! -e $2 ]] || return 0
    for name in "${APART[@]}"; do
        but+=(! -name "$name")
    done
    mkdir -p "$2.part"
    while IFS= read -r -d '' name; do
        mv --backup=numbered "$1/$name" "$2.part/"
    done < <(find "$1" -mindepth 1 -maxdepth 1 "${but[@]}" -printf '%f\0')
    mv "$2.part" "$2"
}

# put_placed: units and command are the backup's, each from one moment to the next, for without its unit nothing starts again.
put_placed() {
    local name
    [[ -f $KEPT/placed.tar ]] || return 0
    tar -C "${ROOT:-/}" --transform='s/$/.new/' -xpf "$KEPT/placed.tar"
    for name in "${PLACED[@]}"; do
        if [[ -e $ROOT/$name.new ]]; then
            sync "$ROOT/$name.new"
            mv "$ROOT/$name.new" "$ROOT/$name"
        else
            rm -f "$ROOT/$name"
        fi
    done
}

# dump_after: the database as it is before it is put back, each time anew: where the machine began anew in between Orgo may
# have run and taken mail.
dump_after() {
    local name=$KEPT/after number=1
    while [[ -e $name.sqlite3 || -e $name.dump ]]; do
        number=$((number + 1))
        name=$KEPT/after.$number
    done
    dump "$name"
}

# put_back: the backup's files and rows are in their places; what was there is set aside, for it may hold newer mail. Each
# step may be done again.
put_back() {
    local var=$ROOT$HOME_OF_ORGO/var kind where name
    read -r kind where <<<"$DATABASE"
    dump_after
    set_aside "$var" "$var.after-${KEPT##*/}"
    tar -C "$var" -xpf "$KEPT/var.tar"
    [[ ! -f $KEPT/database.sqlite3 ]] || put_sqlite "$KEPT/database.sqlite3" "$where"
    if [[ -f $KEPT/database.dump ]]; then
        read -r where name <<<"$where"
        put_postgresql "$KEPT/database.dump" "$where" "$name"
    fi
    put_placed
    sync # all of it, before the mark goes that would do it again
    reload_units
}

# works: the configuration is taken, the database has its form, and on a machine the page answers.
works() {
    as_orgo "$NEW" config check && as_orgo "$NEW" status >/dev/null || return 1
    has_systemd || return 0
    alive "$(fact page "$FACTS")"
}

# bring: migrate, switch, start, look; fails at the first of them that does.
bring() {
    say "migrating" &&
        as_orgo "$NEW" database migrate &&
        say "switching to $NEW" &&
        switch_to "$NEW" &&
        credentials &&
        place_units &&
        place_command &&
        open_places "$FACTS" &&
        say "starting" &&
        start_all &&
        works
}

start_all() {
    local -a workers=()
    read -r -a workers <<<"$WORKERS"
    service start "${workers[@]}"
}

roll_back() {
    say "going back to $OLD"
    service stop
    put_back
    switch_to "$OLD"
    start_all
    rm -f "$(marker)"
    [[ $DATABASE != elsewhere ]] || say "the database on the other server stays as the new version left it, which only adds to it"
    stop 1 "$NEW does not live: $OLD is back with its data; what the new one wrote is in $KEPT and $ROOT$HOME_OF_ORGO/var.after-${KEPT##*/}"
}

# prune: old releases and backups, but the newest and what is in use.
prune() {
    local -a old=()
    local name
    mapfile -t old < <(cd "$ROOT$OPT/releases" && find . -mindepth 1 -maxdepth 1 -printf '%T@ %f\n' | sort -rn | cut -d' ' -f2 | tail -n "+$((KEPT_RELEASES + 1))")
    for name in "${old[@]}"; do
        [[ $name == "$NEW" ]] || rm -rf "$ROOT$OPT/releases/${name:?}"
    done
    mapfile -t old < <(cd "$ROOT$BACKUPS" && find . -mindepth 1 -maxdepth 1 -name '2*-*' -printf '%f\n' | sort -r | tail -n "+$((KEPT_BACKUPS + 1))")
    for name in "${old[@]}"; do
        rm -rf "$ROOT$BACKUPS/${name:?}"
    done
}

# ended: however this ends, nothing that was lent stays, and Orgo is not left stopped where nothing was changed yet.
ended() {
    give_back
    if [[ $STOPPED && ! -e $(marker) ]]; then
        start_all
    fi
}

# prepare: the backup to go back to, and the mark that says so; of a run that was cut off, its own.
prepare() {
    if [[ $PHASE ]]; then
        say "an upgrade from $OLD was cut off: it goes on"
        service stop
        return
    fi
    elsewhere
    WORKERS=$(running_workers | xargs)
    say "stopping"
    STOPPED=1
    service stop
    say "backing up"
    backup
    say "backup: $KEPT"
    mark on
}

main() {
    read_words "$@"
    need_root
    OLD=$(current_release) NEW=$(release_id)
    [[ $OLD ]] || stop 3 "there is no Orgo in $ROOT$OPT: deploy/install.sh installs it"
    alone
    read_mark
    if [[ $OLD == "$NEW" && -z $PHASE ]]; then
        say "$NEW is installed already: nothing to do"
        exit 0
    fi
    agree "Upgrade Orgo from $OLD to $NEW?"
    make_release "$NEW"
    if [[ $DRY ]]; then
        say "would stop Orgo, back up to $ROOT$BACKUPS, migrate, switch from $OLD to $NEW, start, and look whether it lives"
        nothing_done
        exit 0
    fi
    lend
    trap ended EXIT
    FACTS=$(facts "$OLD") || stop 2 "$OLD can't read its configuration, see above: put it right, then run this again"
    DATABASE=${DATABASE:-$(where_database)}
    mapfile -t -O "${#APART[@]}" APART < <(fact apart "$FACTS")
    prepare
    [[ $PHASE != back ]] || roll_back
    if ! bring; then
        mark back
        roll_back
    fi
    STOPPED=""
    rm -f "$(marker)"
    prune
    say "Orgo is upgraded: $OLD -> $NEW. The backup is in $KEPT"
}

main "$@"
