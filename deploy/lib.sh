# What install.sh, upgrade.sh and uninstall.sh share. It is sourced, not run.
# shellcheck shell=bash

shopt -s inherit_errexit # what fails inside $( ) fails
umask 022                # the service reads its program, whatever root's own umask is; what is secret says so itself
# shellcheck source=deploy/words.sh
source "$(dirname "${BASH_SOURCE[0]}")/words.sh"

SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
ROOT=""       # everything is put below this folder; empty is the machine itself
YES=""        # ask nothing
OPT=/opt/orgo
ETC=/etc/orgo
HOME_OF_ORGO=/var/lib/orgo
UNITS=/etc/systemd/system
BACKUPS=/var/backups/orgo
CREDENTIALS=(ORGO_SMTP_PASSWORD ORGO_IMAP_PASSWORD DATABASE_PASSWORD ORGO_METRICS_TOKEN ORGO_CHAT_URL ORGO_BACKUP_KEY)
export SOURCE BACKUPS CREDENTIALS

# agree QUESTION: go on only if somebody says so; --yes and --dry-run say so at once.
agree() {
    [[ $YES || $DRY ]] && return 0
    [[ -t 0 ]] || stop 2 "there is no terminal to ask on; say --yes if you mean it"
    local answer
    read -r -p "$1 [y/N] " answer
    [[ $answer == [yYoO]* ]] || stop 130 "stopped; nothing was changed"
}

# on_machine: whether the machine itself is changed (packages, users, services), not a folder by --root.
on_machine() { [[ -z $ROOT ]]; }

# need_root: the machine is changed by root only, with the machine's own commands (no Python of root's own folder).
need_root() {
    if on_machine && [[ -z $DRY ]]; then
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    fi
    if on_machine && [[ -z $DRY ]] && ((EUID != 0)); then
        stop 4 "this changes the machine: run it with sudo (or look first: --dry-run; or a folder: --root DIR)"
    fi
}

# root_of DIR: the value of --root as an absolute path.
root_of() {
    [[ $1 ]] || stop 2 "--root needs a folder"
    [[ $DRY ]] || mkdir -p "$1"
    ROOT=$(realpath -m "$1")
    [[ $ROOT != / ]] || ROOT=""
}

has_systemd() { on_machine && [[ -d /run/systemd/system ]]; }

systemd_version() { systemctl --version 2>/dev/null | awk 'NR == 1 { print $2 + 0 }'; }

# release_id: the version and a hash of what is installed from this checkout: the same source is the same release.
release_id() {
    local version hash
    version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$SOURCE/pyproject.toml" | head -n 1)
    hash=$(cd "$SOURCE" && find src config pyproject.toml requirements.txt deploy/orgo deploy/systemd -type f ! -name '*.pyc' -print0 |
        LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum)
    printf '%s-%s\n' "$version" "${hash:0:12}"
}

# find_python: a Python 3.11 or later that the service can run too (it sees nobody's home); nothing where there is none.
find_python() {
    local name homes='("/root", "/home")'
    on_machine || homes='()'
    for name in ${PYTHON:-} python3.14 python3.13 python3.12 python3.11 python3; do
        if "$name" -c "import sys, venv, ensurepip
sys.exit(sys.version_info < (3, 11) or sys.base_prefix.startswith($homes))" 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    for name in "$ROOT$OPT"/python/*/bin/python3; do
        [[ -x $name ]] && printf '%s\n' "$name" && return
    done
    return 0
}

# bring_python: uv, of the version and hash of the lock, by the machine's older Python; and a Python 3.12 by uv.
bring_python() {
    local tools=$ROOT$OPT/tools
    say "This machine has no Python 3.11 or later: one is brought by uv into $ROOT$OPT/python"
    run python3 -m venv "$tools"
    if [[ -z $DRY ]]; then
        awk '/^uv==/ { take = 1 } take { print } take && !/\\$/ { exit }' "$SOURCE/requirements-dev.txt" >"$tools/uv.txt"
    fi
    run "$tools/bin/python" -m pip install --quiet --no-deps --require-hashes -r "$tools/uv.txt"
    run "$tools/bin/uv" python install --quiet --no-bin --install-dir "$ROOT$OPT/python" 3.12
}

# make_release ID: the environment of this release, complete or not at all (a half one of a killed run is made anew).
make_release() {
    local place=$ROOT$OPT/releases/$1 python
    if [[ -f $place/.complete ]]; then
        say "release $1 is there already"
        return
    fi
    python=$(find_python)
    if [[ -z $python ]]; then
        bring_python
        python=$(find_python)
    fi
    [[ $python || $DRY ]] || stop 69 "no Python 3.11 or later could be had"
    say "making release $1"
    run rm -rf "$place"
    run mkdir -p "$place"
    run "${python:-python3.12}" "$SOURCE/tools/environment.py" release "$place"
    run touch "$place/.complete"
}

# switch_to ID: this release is the current one, from one moment to the next.
switch_to() {
    run ln -sfn "releases/$1" "$ROOT$OPT/.current.new"
    run mv -T "$ROOT$OPT/.current.new" "$ROOT$OPT/current"
}

# current_release: the release in use; nothing where none is.
current_release() {
    local link
    link=$(readlink "$ROOT$OPT/current" 2>/dev/null) || return 0
    printf '%s\n' "${link##*/}"
}

# as_orgo RELEASE WORDS: the command of a release, as the service's user where the machine has one, with the units' UMask=.
as_orgo() (
    program=$ROOT$OPT/releases/$1/bin/orgo
    shift
    umask 027
    if on_machine; then
        run env ORGO_HOME="$HOME_OF_ORGO" HOME="$HOME_OF_ORGO" CREDENTIALS_DIRECTORY="$(lent)" \
            setpriv --reuid orgo --regid orgo --init-groups "$program" "$@"
    else
        cd "$ROOT$HOME_OF_ORGO" 2>/dev/null || [[ $DRY ]] &&
            run env ORGO_HOME="$ROOT$HOME_OF_ORGO" CREDENTIALS_DIRECTORY="$ROOT$ETC/credentials" "$program" "$@"
    fi
)

# alone: one script at a time works on an installation; what a killed one left lying is taken away.
alone() {
    [[ $DRY ]] && return 0
    mkdir -p "$ROOT$OPT"
    exec 9>"$ROOT$OPT/.lock"
    flock -n 9 || stop 5 "another install.sh or upgrade.sh is at work on $ROOT$OPT"
    if on_machine; then
        rm -rf /run/orgo-install.*
    fi
}

# lent: a folder with copies of the credentials that the service's user may read; it goes away when the script ends.
LENT=""
lent() { printf '%s\n' "$LENT"; }
lend() {
    on_machine && [[ -z $DRY ]] || return 0
    trap 'give_back' EXIT
    LENT=$(mktemp -d /run/orgo-install.XXXXXX)
    local file
    for file in "$ETC"/credentials/*; do
        [[ -f $file ]] && install -o orgo -m 0400 "$file" "$LENT/${file##*/}"
    done
    chown orgo "$LENT"
}
give_back() { rm -rf "$LENT"; }

# facts RELEASE: what the configuration says of places, each a line: `sqlite FILE`, or `postgresql HOST PORT NAME`; `page URL`;
# `writes FOLDER` for one outside the home that the service writes to; `apart NAME` for what in `var` holds blobs or backups.
facts() {
    local shown
    shown=$(as_orgo "$1" config show --json) || { printf '%s\n' "$shown" >&2 && return 1; }
    "$ROOT$OPT/releases/$1/bin/python" -c '
import json, os, sys
from urllib.parse import unquote, urlsplit
home = sys.argv[1]
told = {row["key"]: row["value"] for row in map(json.loads, sys.stdin)}
written = []
if told["database"].startswith("sqlite:///"):
    file = os.path.realpath(os.path.join(home, told["database"][len("sqlite:///"):]))
    print("sqlite", file)
    written.append(os.path.dirname(file))
else:
    url = urlsplit(told["database"])
    print("postgresql", url.hostname or "localhost", url.port or 5432, unquote(url.path.strip("/")))
print("page http://%s:%s" % (told["web.host"].replace("0.0.0.0", "127.0.0.1"), told["web.port"]))
def folder_of(key):
    place = told.get(key, "(none)").removeprefix("file://")
    return [] if place == "(none)" or "://" in place else [os.path.normpath(os.path.join(home, place))]
large = folder_of("backup.to") + folder_of("blobs.to")
inside = os.path.realpath(home) + os.sep
for folder in sorted({*written, *large, *folder_of("log.folder")}):
    if not (os.path.realpath(folder) + os.sep).startswith(inside):
        print("writes", folder)
var = os.path.join(os.path.normpath(home), "var", "")
for folder in sorted(set(large)):
    if folder.startswith(var):
        print("apart", folder[len(var):].split(os.sep)[0])
' "$ROOT$HOME_OF_ORGO" <<<"$shown"
}

# fact WORD LINES: the rest of the lines that begin with the word.
fact() { sed -n "s/^$1 //p" <<<"$2"; }

# as_postgres COMMAND WORDS: a command of PostgreSQL as its administrator.
as_postgres() { (cd / && runuser -u postgres -- "$@"); }

# place_units: the systemd units, and what an old systemd needs besides.
place_units() {
    local unit
    run mkdir -p "$ROOT$UNITS"
    for unit in "$SOURCE"/deploy/systemd/*.service; do
        run install -m 0644 "$unit" "$ROOT$UNITS/${unit##*/}" || return 1
    done
    if has_systemd && (($(systemd_version) < 247)); then
        old_systemd
    fi
    reload_units
}

# reload_units: systemd reads its units again, and an enabled worker is started by what its unit says now.
reload_units() {
    has_systemd || return 0
    local name
    run systemctl daemon-reload
    for name in $(enabled_workers); do
        run systemctl reenable --quiet "$name"
    done
}

# credentials: a file for each that the units load, for systemd starts no service whose file is missing; an empty one is none.
credentials() {
    local name
    run install -d -m 0700 "$ROOT$ETC/credentials"
    for name in "${CREDENTIALS[@]}"; do
        [[ -e $ROOT$ETC/credentials/$name ]] || run install -m 0600 /dev/null "$ROOT$ETC/credentials/$name" || return 1
    done
}

# place_command: the command of an installed Orgo.
place_command() {
    run install -d -m 0755 "$ROOT/usr/local/bin"
    run install -m 0755 "$SOURCE/deploy/orgo" "$ROOT/usr/local/bin/orgo"
}

# open_places FACTS: the service may write where the configuration says so: database, backups, blobs or log outside its home.
open_places() {
    local unit folder text=""
    while read -r folder; do
        [[ -z $folder ]] || text+="ReadWritePaths=\"-${folder//%/%%}\""$'\n'
    done < <(fact writes "$1")
    for unit in orgo.service orgo-worker@.service; do
        if [[ -z $text ]]; then
            rm -f "$ROOT$UNITS/$unit.d/20-places.conf"
            continue
        fi
        mkdir -p "$ROOT$UNITS/$unit.d"
        printf '# made by install.sh and upgrade.sh from config.yaml\n[Service]\n%s' "$text" >"$ROOT$UNITS/$unit.d/20-places.conf"
    done
    if has_systemd; then
        systemctl daemon-reload
    fi
}

# old_systemd: before version 247 there is no LoadCredential=; the service reads the folder, which its group may.
old_systemd() {
    say "systemd $(systemd_version) has no LoadCredential: the group orgo may read $ETC/credentials"
    run chgrp -R orgo "$ETC/credentials"
    run chmod -R g+rX "$ETC/credentials"
    run mkdir -p "$UNITS/orgo.service.d" "$UNITS/orgo-worker@.service.d"
    if [[ -z $DRY ]]; then
        printf '[Service]\nEnvironment=CREDENTIALS_DIRECTORY=%s/credentials\n' "$ETC" |
            tee "$UNITS/orgo.service.d/10-credentials.conf" >"$UNITS/orgo-worker@.service.d/10-credentials.conf"
    fi
}

# enabled_workers: the further workers that start with Orgo.
enabled_workers() { find "$UNITS" -path '*.wants/orgo-worker@*' -printf '%f\n' | sort -u; }

# running_workers: those that run at this moment.
running_workers() {
    has_systemd || return 0
    systemctl list-units --plain --no-legend --state=active 'orgo-worker@*.service' | cut -d' ' -f1
}

# service WORD [WORKERS]: start, stop or restart Orgo, where there is a systemd; its workers stop and start with it.
service() {
    has_systemd || return 0
    run systemctl "$1" orgo.service "${@:2}"
}

# alive: wait up to a minute for the page to answer that it lives.
alive() {
    local url=$1 turn
    for ((turn = 0; turn < 60; turn++)); do
        if "$ROOT$OPT/current/bin/python" - "$url" <<'PROBE' 2>/dev/null; then
import sys, urllib.request
direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # the page is on this machine, whatever http_proxy says
sys.exit(direct.open(sys.argv[1] + "/livez", timeout=3).status != 200)
PROBE
            return 0
        fi
        sleep 1
    done
    return 1
}
