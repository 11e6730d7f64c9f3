#!/usr/bin/env bash
# Takes away what install.sh brought. Configuration and data stay, except with --purge. It may be run again.
set -euo pipefail
# shellcheck source=deploy/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
    cat <<'USAGE'
usage: deploy/uninstall.sh [--yes] [--dry-run] [--root DIR] [--purge]

Takes Orgo's program, command and service away. The configuration (/etc/orgo) and the data (/var/lib/orgo) stay.

  --yes       ask nothing
  --dry-run   print what would be done, and change nothing
  --root DIR  the Orgo below DIR, as install.sh --root made it
  --purge     configuration, data and the user go as well; backups, their key (both in /var/backups/orgo), a PostgreSQL
              database and packages stay

example:  sudo deploy/uninstall.sh --yes
USAGE
}

TARGET="" PURGE=""

read_words() {
    while (($#)); do
        case $1 in
            -h | --help) usage && exit 0 ;;
            --yes) YES=1 ;;
            --dry-run) DRY=1 ;;
            --purge) PURGE=1 ;;
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

services() {
    has_systemd || return 0
    local unit
    for unit in $({ running_workers && enabled_workers; } | sort -u) orgo.service; do
        if [[ -e $UNITS/orgo.service ]]; then
            run systemctl disable --quiet --now "$unit"
        fi
    done
}

# keep_key: the backups stay, so their key does; without it nobody opens them.
keep_key() {
    local key=$ROOT$ETC/credentials/ORGO_BACKUP_KEY
    [[ -s $key ]] || return 0
    run install -d -m 0700 "$ROOT$BACKUPS"
    run install -m 0600 "$key" "$ROOT$BACKUPS/backup.key"
    say "The key of the backups is kept: $ROOT$BACKUPS/backup.key"
}

main() {
    read_words "$@"
    need_root
    if [[ $PURGE ]]; then
        agree "Take Orgo away with its configuration and ALL of its mail, tasks and letters?"
    else
        agree "Take Orgo's program and service away (configuration and data stay)?"
    fi
    if [[ -d $ROOT$OPT ]]; then
        alone
    fi
    services
    run rm -rf "$ROOT$UNITS/orgo.service" "$ROOT$UNITS/orgo-worker@.service" \
        "$ROOT$UNITS"/orgo{,-worker@}.service.d/{10-credentials,20-places}.conf
    if has_systemd; then
        run systemctl daemon-reload
    fi
    run rm -rf "$ROOT/usr/local/bin/orgo" "$ROOT$OPT"
    if [[ $DRY ]]; then
        [[ -z $PURGE ]] || { keep_key && run rm -rf "$ROOT$ETC" "$ROOT$HOME_OF_ORGO"; }
        nothing_done
        return
    fi
    if [[ -z $PURGE ]]; then
        say "Orgo is gone. Its configuration is in $ROOT$ETC and its data in $ROOT$HOME_OF_ORGO; install.sh finds both again."
        return
    fi
    keep_key
    run rm -rf "$ROOT$ETC" "$ROOT$HOME_OF_ORGO"
    if on_machine && id orgo >/dev/null 2>&1; then
        run userdel orgo
    fi
    say "Orgo is gone with its configuration and data. Backups, if any, are in $ROOT$BACKUPS."
}

main "$@"
