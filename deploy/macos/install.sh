#!/bin/bash
# Installs Orgo for one user of a Mac, as a launchd agent; run again it upgrades. It keeps to the bash 3.2 that macOS has.
set -euo pipefail

usage() {
    cat <<'USAGE'
usage: deploy/macos/install.sh [--dry-run] [--sample NAME] [--uninstall]

Installs Orgo for you alone, without an administrator: all in ~/Library/Application Support/Orgo, started by launchd when
you sign in. At the end it prints the sign-in link. Run again from a later checkout it upgrades, with a copy of the data before.

  --dry-run      print what would be done, and change nothing
  --sample NAME  begin with a ready-made organization: school, city-hall, hospital, company, association
  --uninstall    take the program and the agent away; configuration and data stay

example:  deploy/macos/install.sh --sample school
USAGE
}

SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=deploy/words.sh
source "$SOURCE/deploy/words.sh"
LABEL=org.orgo.orgo
FOLDER="$HOME/Library/Application Support/Orgo"
AGENT="$HOME/Library/LaunchAgents/$LABEL.plist"
LOG="$HOME/Library/Logs/Orgo.log"
SAMPLE="" UNINSTALL=""

read_words() {
    while (($#)); do
        case $1 in
            -h | --help) usage && exit 0 ;;
            --dry-run) DRY=1 ;;
            --uninstall) UNINSTALL=1 ;;
            --sample)
                (($# > 1)) || stop 2 "--sample needs a value; see --help"
                SAMPLE=$2
                shift
                ;;
            *) stop 2 "$1 is not known here; see --help" ;;
        esac
        shift
    done
    if [[ $SAMPLE && ! -f $SOURCE/config/organizations/$SAMPLE/config.yaml ]]; then
        stop 2 "there is no sample $SAMPLE; there are: $(cd "$SOURCE/config/organizations" && echo *)"
    fi
}

find_python() {
    local name
    for name in ${PYTHON:-} python3.14 python3.13 python3.12 python3.11 python3; do
        if "$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    stop 69 "there is no Python 3.11 or later here: take it from python.org/downloads/macos, then run this again"
}

# release_id: the version and a hash of what is installed from this checkout.
release_id() {
    "$1" - "$SOURCE" <<'PYTHON'
import hashlib, pathlib, sys, tomllib
source = pathlib.Path(sys.argv[1])
files = [path for name in ("src", "config") for path in sorted((source / name).rglob("*")) if path.is_file() and path.suffix != ".pyc"]
digest = hashlib.sha256()
for path in [*files, source / "pyproject.toml", source / "requirements.txt"]:
    digest.update(str(path.relative_to(source)).encode() + path.read_bytes())
print(tomllib.loads((source / "pyproject.toml").read_text("utf-8"))["project"]["version"] + "-" + digest.hexdigest()[:12])
PYTHON
}

# make_release PYTHON ID: complete, or not there at all.
make_release() {
    local place=$FOLDER/releases/$2
    if [[ -f $place/.complete ]]; then
        say "release $2 is there already"
        return
    fi
    say "making release $2"
    run rm -rf "$place"
    run mkdir -p "$place"
    run "$1" "$SOURCE/tools/environment.py" release "$place"
    run touch "$place/.complete"
}

unload() {
    if launchctl print "gui/$UID/$LABEL" >/dev/null 2>&1; then
        run launchctl bootout "gui/$UID/$LABEL"
    fi
}

# backup: a copy of configuration and data while Orgo does not run, whole or not there.
backup() {
    local file
    [[ -d $FOLDER/home/var ]] || return 0
    file=$FOLDER/backups/$(date -u +%Y%m%d-%H%M%S).tar
    run mkdir -p "$FOLDER/backups"
    run tar -C "$FOLDER/home" -cf "$file.part" .
    run mv "$file.part" "$file"
    say "backup: $file"
}

# place_command: `orgo` with the home of the agent.
place_command() {
    local file="$FOLDER/orgo"
    if [[ $DRY ]]; then
        say "would write $file"
        return
    fi
    # shellcheck disable=SC2016 # the file's own words
    printf '#!/bin/bash\nhere=$(cd "$(dirname "$0")" && pwd)\nexport ORGO_HOME="$here/home"\nexec "$here/current/bin/orgo" "$@"\n' >"$file.new"
    chmod 0755 "$file.new"
    mv "$file.new" "$file"
}

# place_agent PYTHON: the agent's file with this user's folders, by a program that knows how such files are written.
place_agent() {
    run mkdir -p "$(dirname "$AGENT")" "$(dirname "$LOG")"
    if [[ $DRY ]]; then
        say "would write $AGENT"
        return
    fi
    "$1" - "$SOURCE/deploy/macos/$LABEL.plist" "$AGENT" "$HOME" <<'PYTHON'
import os, plistlib, sys
template, target, home = sys.argv[1:]

def mine(value):
    if isinstance(value, str):
        return value.replace("@HOME@", home)
    if isinstance(value, list):
        return [mine(one) for one in value]
    return {key: mine(one) for key, one in value.items()} if isinstance(value, dict) else value

with open(template, "rb") as file:
    read = plistlib.load(file)
with open(target + ".new", "wb") as file:
    plistlib.dump(mine(read), file)
os.replace(target + ".new", target)
PYTHON
}

install() {
    local python id
    python=$(find_python)
    id=$(release_id "$python")
    make_release "$python" "$id"
    unload
    backup
    run mkdir -p "$FOLDER/home/var"
    run chmod 0700 "$FOLDER"
    run ln -sfn "releases/$id" "$FOLDER/current"
    place_command
    say "first set-up"
    run "$FOLDER/orgo" init --yes ${SAMPLE:+--sample "$SAMPLE"}
    place_agent "$python"
    run launchctl bootstrap "gui/$UID" "$AGENT"
    say "Orgo runs while you are signed in. Its command: '$FOLDER/orgo' doctor; its log: $LOG"
}

uninstall() {
    unload
    run rm -rf "$AGENT" "$FOLDER/releases" "$FOLDER/current" "$FOLDER/orgo"
    say "Orgo is gone. Configuration and data stay in $FOLDER/home; install.sh finds them again."
}

read_words "$@"
if [[ $UNINSTALL ]]; then
    uninstall
else
    install
fi
if [[ $DRY ]]; then
    nothing_done
fi
