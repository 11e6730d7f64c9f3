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
configuration goes to /var/backups/orgo; when the new version does not live, the old one and its data come back.

  --yes          ask nothing
  --dry-run      print what would be done, and change nothing
  --root DIR     the Orgo below DIR, as install.sh --root made it
  --backup-made  the database is on another server and was backed up there: only the configuration is backed up here

example:  git pull && sudo deploy/upgrade.sh --yes
USAGE
}

TARGET="" BACKUP_MADE="" KEPT_RELEASES=3 KEPT_BACKUPS=10

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

# database_kind: sqlite, postgresql (ours, on this machine) or elsewhere.
database_kind() {
    local line
    line=$(grep -E '^database:' "$ROOT$ETC/config.yaml" || true)
    case $line in
        *postgresql://*@127.0.0.1:5432/orgo | *postgresql://*@127.0.0.1:5432/orgo\?*) echo postgresql ;;
        *postgresql://* | *postgres://*) echo elsewhere ;;
        *) echo sqlite ;;
    esac
}

# backup OLD: prints the folder of a backup that is whole; it appears under its name only when it is.
backup() {
    local place
    place=$ROOT$BACKUPS/$(date -u +%Y%m%d-%H%M%S)-$1
    install -d -m 0700 "$ROOT$BACKUPS" "$place.part"
    tar -C "$ROOT$ETC" --exclude=./credentials -cf "$place.part/configuration.tar" .
    case $(database_kind) in
        sqlite) tar -C "$ROOT$HOME_OF_ORGO/var" -cf "$place.part/var.tar" . ;;
        postgresql)
            tar -C "$ROOT$HOME_OF_ORGO/var" -cf "$place.part/var.tar" .
            runuser -u postgres -- pg_dump -Fc orgo >"$place.part/database.dump"
            ;;
    esac
    sync "$place.part"
    mv "$place.part" "$place"
    printf '%s\n' "$place"
}

# restore FOLDER: what the backup has is put back; what is there now is set aside, for it may hold newer mail.
restore() {
    local var=$ROOT$HOME_OF_ORGO/var
    [[ -f $1/var.tar ]] || return 0
    mv "$var" "$var.after-$(date -u +%Y%m%d-%H%M%S)"
    install -d -m 0750 "$var"
    tar -C "$var" -xpf "$1/var.tar"
    if on_machine; then
        chown orgo:orgo "$var"
    fi
    if [[ -f $1/database.dump ]]; then
        runuser -u postgres -- pg_dump -Fc orgo >"$1/after.dump"
        runuser -u postgres -- pg_restore --clean --if-exists -d orgo <"$1/database.dump"
    fi
}

# works ID: the configuration is taken, the database has its form, and on a machine the page answers.
works() {
    as_orgo "$1" config check && as_orgo "$1" status >/dev/null || return 1
    has_systemd || return 0
    local url
    url=$(as_orgo "$1" config show --json | "$OPT/releases/$1/bin/python" -c '
import json, sys
rows = {row["key"]: row["value"] for row in map(json.loads, sys.stdin)}
print("http://%s:%s" % (rows["web.host"].replace("0.0.0.0", "127.0.0.1"), rows["web.port"]))')
    alive "$url"
}

# bring NEW: migrate, switch, start, look; fails at the first of them that does.
bring() {
    as_orgo "$1" database migrate &&
        switch_to "$1" &&
        place_units &&
        run install -m 0755 "$SOURCE/deploy/orgo" "$ROOT/usr/local/bin/orgo" &&
        service start &&
        works "$1"
}

roll_back() {
    say "the new version does not live: back to $1"
    service stop
    restore "$2"
    switch_to "$1"
    service start
    rm -f "$ROOT$OPT/.upgrading"
    stop 1 "$1 is back with its data; what the new one wrote is beside it, in $ROOT$HOME_OF_ORGO/var.after-*"
}

# prune: old releases and backups, but the newest and what is in use.
prune() {
    local -a old=()
    mapfile -t old < <(cd "$ROOT$OPT/releases" && find . -mindepth 1 -maxdepth 1 -printf '%T@ %f\n' | sort -rn | cut -d' ' -f2 | tail -n "+$((KEPT_RELEASES + 1))")
    local name
    for name in "${old[@]}"; do
        [[ $name == "$(current_release)" ]] || rm -rf "$ROOT$OPT/releases/${name:?}"
    done
    mapfile -t old < <(cd "$ROOT$BACKUPS" && find . -mindepth 1 -maxdepth 1 -printf '%f\n' | sort -r | tail -n "+$((KEPT_BACKUPS + 1))")
    for name in "${old[@]}"; do
        rm -rf "$ROOT$BACKUPS/${name:?}"
    done
}

main() {
    read_words "$@"
    need_root
    local new old kept marker
    new=$(release_id) old=$(current_release) marker=$ROOT$OPT/.upgrading
    [[ $old ]] || stop 3 "there is no Orgo in $ROOT$OPT: deploy/install.sh installs it"
    if [[ $old == "$new" && ! -e $marker ]]; then
        say "$new is installed already: nothing to do"
        exit 0
    fi
    if [[ $(database_kind) == elsewhere && -z $BACKUP_MADE ]]; then
        stop 2 "the database is on another server: back it up there, then say --backup-made"
    fi
    agree "Upgrade Orgo from $old to $new?"
    if [[ $DRY ]]; then
        make_release "$new"
        say "would stop Orgo, back up to $ROOT$BACKUPS, migrate, switch from $old to $new, start, and look whether it lives"
        exit 0
    fi
    make_release "$new"
    lend
    service stop
    if [[ -e $marker ]]; then # an upgrade was cut off: its backup is the one to go back to
        { read -r old && read -r kept; } <"$marker"
        say "an upgrade from $old was cut off: it goes on"
    else
        kept=$(backup "$old")
        say "backup: $kept"
        printf '%s\n%s\n' "$old" "$kept" >"$marker.new"
        mv "$marker.new" "$marker"
    fi
    bring "$new" || roll_back "$old" "$kept"
    rm -f "$marker"
    prune
    say "Orgo is upgraded: $old -> $new. The backup is in $kept"
}

main "$@"
