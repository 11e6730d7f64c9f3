#!/usr/bin/env bash
# Installs Orgo on one server: Debian, Ubuntu (20.04 and later), RHEL, CentOS Stream, Rocky, Alma (8 and later).
# It may be run again and again; what is there is kept. Stopped at any moment, run it again.
set -euo pipefail
# shellcheck source=deploy/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
    cat <<'USAGE'
usage: deploy/install.sh [--yes] [--dry-run] [--root DIR] [--sample NAME]
                         [--database sqlite|postgresql] [--broker none|redis|rabbitmq]
                         [--backup DIR] [--restore FILE --key FILE [--skip-lost]]

Installs Orgo on this machine: the program in /opt/orgo, its configuration in /etc/orgo, its data in /var/lib/orgo, the
command `orgo`, and a hardened systemd service that runs as the user orgo. At the end it prints the sign-in link.
An older Orgo is upgraded by deploy/upgrade.sh.

  --yes          ask nothing
  --dry-run      print what would be done, and change nothing
  --root DIR     put all of it below DIR: no packages, no user, no service (to try it, or to build an image)
  --sample NAME  begin with a ready-made organization: school, city-hall, hospital, company, association
  --database     sqlite (the default) or postgresql, which is installed and given a database
  --broker       none (the default), redis or rabbitmq, which is installed
  --backup DIR   back up to this folder every day (a disk of its own, mounted there), sealed with a new key
  --restore FILE bring a backup of `orgo backup create` into this new installation, with the folder blobs that lies beside it;
                 --database, --broker and --backup go before what its configuration says
  --key FILE     the key that the backup was made with
  --skip-lost    restore the rest where bytes of large mail are lost

example:  sudo deploy/install.sh --yes --sample city-hall
USAGE
}

TARGET="" SAMPLE="" DATABASE="" BROKER="" BACKUP="" RESTORE="" KEY="" SKIP_LOST=""
POSTGRESQL_URL="postgresql://orgo:\${DATABASE_PASSWORD}@127.0.0.1:5432/orgo"
OLDEST_POSTGRESQL=14

read_words() {
    while (($#)); do
        case $1 in
            -h | --help) usage && exit 0 ;;
            --yes) YES=1 ;;
            --dry-run) DRY=1 ;;
            --skip-lost) SKIP_LOST=1 ;;
            --root | --sample | --database | --broker | --backup | --restore | --key)
                (($# > 1)) || stop 2 "$1 needs a value; see --help"
                case $1 in
                    --root) TARGET=$2 ;;
                    --sample) SAMPLE=$2 ;;
                    --database) DATABASE=$2 ;;
                    --broker) BROKER=$2 ;;
                    --backup) BACKUP=$2 ;;
                    --restore) RESTORE=$2 ;;
                    --key) KEY=$2 ;;
                esac
                shift
                ;;
            *) stop 2 "$1 is not known here; see --help" ;;
        esac
        shift
    done
}

# What is known of a restore that was cut off: `under-way`, or `restored` where only what every installation does is left.
RESTORING=""

restoring() { printf '%s\n' "$ROOT$OPT/.restoring"; }

# mark_restore PHASE: a killed restore is gone on with, as it was told.
mark_restore() {
    RESTORING=$1
    [[ -z $DRY ]] || return 0
    printf '%s\0' "$RESTORING" "$RESTORE" "$KEY" "$DATABASE" "$BROKER" "$BACKUP" "$SKIP_LOST" >"$(restoring).new"
    sync "$(restoring).new"
    mv "$(restoring).new" "$(restoring)"
}

# read_restore: a run that is told nothing of a restore, or the same again, goes on with the one that was cut off.
read_restore() {
    local -a told=()
    [[ -z $RESTORE ]] || RESTORE=$(realpath -m "$RESTORE")
    [[ -z $KEY ]] || KEY=$(realpath -m "$KEY")
    [[ -s $(restoring) ]] || return 0
    mapfile -t -d '' told <"$(restoring)"
    RESTORING=${told[0]}
    [[ -z $RESTORE || $RESTORE == "${told[1]}" ]] || return 0
    say "a restore of ${told[1]} was cut off here: it goes on"
    if [[ $RESTORING == restored ]]; then
        RESTORE="" KEY="" SKIP_LOST=""
        return
    fi
    RESTORE=${told[1]} KEY=${KEY:-${told[2]}} DATABASE=${DATABASE:-${told[3]}} BROKER=${BROKER:-${told[4]}} BACKUP=${BACKUP:-${told[5]}}
    SKIP_LOST=${SKIP_LOST:-${told[6]:-}}
}

# check_words: everything that can be refused is refused before anything is done.
check_words() {
    local file
    [[ ${DATABASE:-sqlite} == sqlite || $DATABASE == postgresql ]] || stop 2 "--database is sqlite or postgresql, not $DATABASE"
    [[ ${BROKER:-none} =~ ^(none|redis|rabbitmq)$ ]] || stop 2 "--broker is none, redis or rabbitmq, not $BROKER"
    if [[ $SAMPLE && ! -f $SOURCE/config/organizations/$SAMPLE/config.yaml ]]; then
        stop 2 "there is no sample $SAMPLE; there are: $(cd "$SOURCE/config/organizations" && echo *)"
    fi
    if ! on_machine && [[ ${DATABASE:-sqlite} != sqlite || ${BROKER:-none} != none ]]; then
        stop 2 "--database and --broker install packages, which --root does not"
    fi
    [[ -z $BACKUP || ($BACKUP == /* && -d $BACKUP) ]] || stop 2 "--backup wants the absolute path of a folder that is there; $BACKUP is not"
    [[ $BACKUP != *[\"\\\$$'\n']* ]] || stop 2 "--backup: no quotes, backslashes, dollars or line ends in the folder's name, please"
    [[ -z $RESTORE || $KEY ]] || stop 2 "--restore wants the key too: --key FILE"
    [[ -z $SKIP_LOST || $RESTORE ]] || stop 2 "--skip-lost goes with --restore FILE"
    [[ -z $RESTORE || -z $SAMPLE ]] || stop 2 "--restore brings its own configuration: leave --sample out"
    for file in ${RESTORE:+"$RESTORE"} ${KEY:+"$KEY"}; do
        [[ -f $file && -r $file ]] || stop 2 "$file can't be read"
    done
}

# check_there: what is installed is neither overtaken nor put on another database behind its back.
check_there() {
    local id=$1 there config=$ROOT$ETC/config.yaml
    there=$(current_release)
    [[ ! -e $ROOT$OPT/.upgrading ]] || stop 5 "an upgrade was cut off here: deploy/upgrade.sh goes on with it"
    [[ -z $there || $there == "$id" ]] || stop 5 "$there is installed: deploy/upgrade.sh brings $id, with a backup before"
    [[ $RESTORING != under-way ]] || return 0 # what the configuration says may be the backup's, and not chosen yet
    if [[ $DATABASE == postgresql && -f $ROOT$HOME_OF_ORGO/var/orgo.db ]] && ! grep -qs '^database:.*postgres' "$config"; then
        stop 5 "this Orgo works on SQLite, and --database postgresql would leave its mail and tasks behind. Make the database," \
            "then: systemctl stop orgo; orgo database move --to postgresql://... (docs/operator/postgresql.md)"
    fi
    if [[ $DATABASE == sqlite ]] && grep -qs '^database:.*postgres' "$config"; then
        stop 5 "this Orgo works on PostgreSQL ($config): leave --database out, or move it: orgo database move"
    fi
    [[ -z $RESTORE || ! -e $config ]] || stop 5 "there is an Orgo here already ($config): --restore wants a new installation"
}

# family: which package manager this machine has.
family() {
    if command -v apt-get >/dev/null; then
        echo debian
    elif command -v dnf >/dev/null; then
        echo rhel
    else
        stop 2 "this is neither Debian, Ubuntu nor of the RHEL family: use the container (for CentOS 7 too), or --root DIR"
    fi
}

# packages: what the machine lacks, by its own package manager.
packages() {
    say "packages"
    if [[ $(family) == debian ]]; then
        packages_of_debian
    else
        packages_of_rhel
    fi
}

packages_of_debian() {
    local -a wanted=(python3 python3-venv ca-certificates)
    run apt-get -qq update
    if [[ $DATABASE == postgresql ]]; then
        new_enough "$(apt-cache policy postgresql | awk '$1 == "Candidate:" { print $2 }')" \
            "apt-get install -y postgresql-common && /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y"
        wanted+=(postgresql)
    fi
    [[ $BROKER == redis ]] && wanted+=(redis-server)
    [[ $BROKER == rabbitmq ]] && wanted+=(rabbitmq-server)
    run env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${wanted[@]}"
    started postgresql redis-server rabbitmq-server
}

packages_of_rhel() {
    local redis=redis
    local -a wanted=(python3 ca-certificates util-linux tar findutils) # the last two are not in a minimal one
    [[ -z $(find_python) ]] && available python3.12 && wanted+=(python3.12)
    if [[ $DATABASE == postgresql ]]; then
        newer_module ||
            new_enough "$(dnf -q repoquery --latest-limit 1 --qf '%{version}\n' postgresql-server 2>/dev/null | tail -n 1)" \
                "see postgresql.org/download/linux/redhat"
        wanted+=(postgresql-server)
    fi
    if [[ $BROKER == redis ]]; then
        available redis || redis=valkey # from RHEL 10 on
        wanted+=("$redis")
    elif [[ $BROKER == rabbitmq ]]; then
        available rabbitmq-server ||
            stop 69 "this distribution brings no rabbitmq-server: set up the repository of rabbitmq.com/docs/install-rpm, or --broker redis"
        wanted+=(rabbitmq-server)
    fi
    run dnf -q install -y "${wanted[@]}"
    if [[ $DATABASE == postgresql && ! -e /var/lib/pgsql/data/PG_VERSION ]]; then
        run postgresql-setup --initdb
    fi
    started postgresql "$redis" rabbitmq-server
}

# available PACKAGE: whether dnf has it, there or to be had.
available() { dnf -q list "$1" >/dev/null 2>&1; }

# newer_module: RHEL 8 and 9 have PostgreSQL 16 in a module, beside the older one that they take by themselves.
newer_module() {
    [[ ! -e /var/lib/pgsql/data/PG_VERSION ]] && dnf -q module list postgresql:16 >/dev/null 2>&1 || return 1
    run dnf -q module enable -y postgresql:16
}

# new_enough VERSION HINT: refuse a PostgreSQL that Orgo does not work with, before it is installed.
new_enough() {
    local major=${1#*:}
    major=${major%%[!0-9]*}
    [[ -z $major ]] || ((major >= OLDEST_POSTGRESQL)) ||
        stop 69 "this distribution brings PostgreSQL $major, Orgo wants $OLDEST_POSTGRESQL or later." \
            "Bring the project's own repository in, then run this again: $2. Or leave --database out: SQLite carries one machine"
}

# started POSTGRESQL REDIS RABBITMQ: the chosen servers run, by their units' names on this machine.
started() {
    has_systemd || return 0
    if [[ $DATABASE == postgresql ]]; then
        run systemctl enable --quiet --now "$1"
    fi
    case $BROKER in
        redis) run systemctl enable --quiet --now "$2" ;;
        rabbitmq) run systemctl enable --quiet --now "$3" ;;
    esac
}

the_user() {
    if on_machine && ! id orgo >/dev/null 2>&1; then
        run useradd --system --user-group --home-dir "$HOME_OF_ORGO" --shell /usr/sbin/nologin orgo
    fi
}

# own MODE FOLDER: the service's user owns this folder.
own() {
    if on_machine; then
        run install -d -o orgo -g orgo -m "$1" "$2"
    else
        run install -d -m "$1" "$ROOT$2"
    fi
}

folders() {
    run install -d -m 0755 "$ROOT$OPT" "$ROOT$OPT/releases"
    own 0750 "$HOME_OF_ORGO"
    own 0750 "$HOME_OF_ORGO/var"
    own 0750 "$ETC"
    credentials
    # The home finds its configuration where administrators look for it.
    if [[ ! -e $ROOT$HOME_OF_ORGO/config ]]; then
        run ln -sfn "$(realpath -m --relative-to="$ROOT$HOME_OF_ORGO" "$ROOT$ETC")" "$ROOT$HOME_OF_ORGO/config"
    fi
}

# password: 32 letters and digits that nobody has seen.
password() { LC_ALL=C tr -dc 'A-Za-z0-9' </dev/urandom | head -c 32 || true; }

# postgresql: a role and a database of our own, and the password where the service reads it.
postgresql() {
    [[ $DATABASE == postgresql ]] || return 0
    say "database"
    local file=$ETC/credentials/DATABASE_PASSWORD word version
    if [[ -s $file ]]; then
        say "PostgreSQL: $file is there already, so the database is left as it is"
        return
    fi
    if [[ $DRY ]]; then
        say "would make the role and the database orgo in PostgreSQL, with a new password in $file"
        return
    fi
    version=$(as_postgres psql -qXAtc 'SHOW server_version')
    new_enough "$version" "pg_upgradecluster or pg_upgrade"
    word=$(password)
    as_postgres psql -qX -v ON_ERROR_STOP=1 <<SQL
SET password_encryption = 'scram-sha-256';
DO \$\$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'orgo') THEN CREATE ROLE orgo LOGIN; END IF; END \$\$;
ALTER ROLE orgo PASSWORD '$word';
SELECT 'CREATE DATABASE orgo OWNER orgo ENCODING ''UTF8'' TEMPLATE template0'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'orgo') \gexec
SQL
    let_in "$word"
    printf '%s\n' "$word" >"$file.new"
    chmod 0600 "$file.new"
    mv "$file.new" "$file" # last: it says that the database is there
}

# let_in PASSWORD: a server that asks the machine instead of the role (RHEL's `ident`) is told to ask for the password.
let_in() {
    enters "$1" && return
    local file
    file=$(as_postgres psql -qXAtc 'SHOW hba_file')
    say "PostgreSQL: $file lets the role orgo in by its password"
    sed -i '1i host orgo orgo 127.0.0.1/32 scram-sha-256 # Orgo, by its install.sh' "$file"
    as_postgres psql -qXAt -o /dev/null -c 'SELECT pg_reload_conf()'
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        enters "$1" && return
        sleep 0.5
    done
    stop 1 "PostgreSQL does not let the role orgo in at 127.0.0.1:5432; see $file and PostgreSQL's log, then run this again"
}
enters() { PGPASSWORD=$1 PGCONNECT_TIMEOUT=5 psql -qXw -h 127.0.0.1 -p 5432 -U orgo -c '' orgo >/dev/null 2>&1; }

# config_line KEY LINES: the configuration says this, where it says nothing of the key.
config_line() {
    local file=$ROOT$ETC/config.yaml
    if [[ $DRY ]]; then
        say "would write to $file: $2"
    elif ! grep -q "^$1:" "$file"; then
        printf '\n%s\n' "$2" >>"$file"
    elif [[ $'\n'$(<"$file")$'\n' != *$'\n'"$2"$'\n'* ]]; then
        say "$file says something else of $1 already, and that is kept; this was: $2"
    fi
}

# without_key KEY: the configuration says nothing of this key any more, in whichever form YAML had it; comments stay.
without_key() {
    local file=$ROOT$ETC/config.yaml
    if [[ $DRY ]]; then
        say "would take $1 out of $file"
        return
    fi
    cp -p "$file" "$file.new"
    awk -v key="$1" '
        /^[^] \t\r#}]/ { inside = ($0 ~ "^[\"\047]?" key "[\"\047]?[ \t]*:") }
        !inside || /^#/' "$file" >"$file.new"
    mv "$file.new" "$file"
}

# put FROM NAME: a file or folder of the configuration, whole or not at all, where there is none yet.
put() {
    local to=$ROOT$ETC/$2
    [[ ! -e $to ]] || return 0
    run rm -rf "$to.part"
    run cp -R "$1" "$to.part"
    run mv "$to.part" "$to"
}

# configuration: the sample's files, where there are none yet; then the choices.
configuration() {
    local from=$SOURCE/config file
    say "configuration"
    [[ $SAMPLE ]] && from=$SOURCE/config/organizations/$SAMPLE
    if [[ -e $ROOT$ETC/config.yaml ]]; then
        say "the configuration in $ROOT$ETC is kept"
    else
        for file in people.yaml rules.yaml templates scenarios; do
            put "$from/$file" "$file"
        done
        run mkdir -p "$ROOT$ETC/samples"
        put "$SOURCE/config/samples/water-leak.eml" samples/water-leak.eml
        put "$from/config.yaml" config.yaml # last: it says that the others are there
    fi
    choices
    if on_machine; then
        run find "$ETC" -path "$ETC/credentials" -prune -o -exec chown -h orgo:orgo {} +
    fi
}

# choices: what was chosen by options stands in the configuration.
choices() {
    [[ $DATABASE == postgresql ]] && config_line database "database: $POSTGRESQL_URL"
    case $BROKER in
        redis) config_line queue "queue: redis://127.0.0.1:6379/0" ;;
        rabbitmq) config_line queue "queue: amqp://127.0.0.1:5672//" ;;
    esac
    if [[ $BACKUP ]]; then
        new_key
        # its keys below each other: so `orgo backup schedule` can write there
        config_line backup "backup:
  key: \${ORGO_BACKUP_KEY}
  to: \"$BACKUP\"
  every: 1 day"
        on_machine && run chown orgo "$BACKUP"
    fi
    return 0
}

# new_key: the key that backups are sealed with, where there is none yet.
new_key() {
    local file=$ROOT$ETC/credentials/ORGO_BACKUP_KEY
    if [[ $DRY ]]; then
        say "would make a key for backups in $file"
    elif [[ ! -s $file ]]; then
        (umask 077 && od -An -N32 -tx1 /dev/urandom | tr -d ' \n' >"$file.new")
        mv "$file.new" "$file"
    fi
}

# lay FOLDER: the backup, its key and its blobs where the service's user reads them, whoever reads where they lie.
lay() {
    local blobs=${RESTORE%/*}/blobs
    run rm -rf "$1"
    run install -d -m 0700 "$1"
    run cp "$RESTORE" "$1/it.orgo-backup"
    run cp "$KEY" "$1/key"
    if [[ -d $blobs ]]; then
        run cp -R "$blobs/." "$1/blobs"
    fi
    if on_machine; then
        run chown -R orgo "$1"
    fi
}

# restore ID: the backup instead of a sample, on the database that was chosen.
restore() {
    local key_of code=0 to=() lying=$ROOT$HOME_OF_ORGO/restore.from
    say "restoring $RESTORE"
    mark_restore under-way
    case $DATABASE in
        postgresql) to=(--to "postgresql://orgo@127.0.0.1:5432/orgo") ;;
        sqlite) to=(--to "sqlite:///./var/orgo.db") ;;
    esac
    [[ $KEY -ef $ROOT$ETC/credentials/ORGO_BACKUP_KEY ]] || run install -m 0600 "$KEY" "$ROOT$ETC/credentials/ORGO_BACKUP_KEY"
    lay "$lying"
    lend
    if [[ $DATABASE == postgresql && -z $DRY ]]; then
        PGPASSWORD=$(<"$ETC/credentials/DATABASE_PASSWORD")
        export PGPASSWORD
    fi
    as_orgo "$1" backup restore "$lying/it.orgo-backup" --key "$lying/key" "${to[@]}" ${SKIP_LOST:+--skip-lost} || code=$?
    run rm -rf "$lying"
    if ((code != 0)) && [[ -z $SKIP_LOST || $code != 6 ]]; then # 6: it is back but for what is lost, which was said
        [[ -e $ROOT$ETC/config.yaml ]] || rm -f "$(restoring)" # nothing came back: the next run may be told something else
        stop "$code" "it was not restored; see above"
    fi
    for key_of in ${DATABASE:+database} ${BROKER:+queue} ${BACKUP:+backup}; do # what is chosen here goes before what was there
        without_key "$key_of"
    done
    choices
    mark_restore restored
}

# places ID: what the configuration says of folders, said to systemd.
places() {
    [[ -z $DRY ]] || return 0
    local told
    told=$(facts "$1") ||
        stop 2 "give what the configuration names (passwords: $ROOT$ETC/credentials), then run this again"
    open_places "$told"
}

main() {
    read_words "$@"
    [[ -z $TARGET ]] || root_of "$TARGET"
    read_restore
    check_words
    need_root
    local id
    id=$(release_id)
    check_there "$id"
    agree "Install Orgo $id (database: ${DATABASE:-sqlite}, broker: ${BROKER:-none})?"
    alone
    if on_machine; then
        packages
    fi
    say "user and folders"
    the_user
    folders
    make_release "$id"
    postgresql
    if [[ $RESTORE ]]; then
        restore "$id"
    else
        configuration
        lend
    fi
    say "switching to $id"
    switch_to "$id"
    place_command
    place_units
    places "$id"
    say "first set-up"
    as_orgo "$id" init --yes | sed '/^Start all of Orgo/,$d'
    if has_systemd; then
        say "starting"
        run systemctl enable --quiet orgo.service
        service restart
    fi
    if [[ $DRY ]]; then
        nothing_done
    else
        rm -f "$(restoring)"
        finish
    fi
}

finish() {
    [[ -z $BACKUP ]] || say "Copy $ROOT$ETC/credentials/ORGO_BACKUP_KEY to another place now: without it no backup can be opened."
    cat <<END

Orgo is installed. The sign-in link above works once; another: orgo user link ADDRESS
  from elsewhere  the page listens to this machine only. On your own computer: ssh -L 8000:127.0.0.1:8000 $(hostname -f 2>/dev/null || echo this-machine)
                  and leave that open while you open the link there
  configuration   $ROOT$ETC (config.yaml, people.yaml, rules.yaml); passwords in $ROOT$ETC/credentials
  service         systemctl status orgo; journalctl -u orgo
  try it          sudo orgo selftest; sudo orgo doctor
  behind TLS      deploy/caddy/Caddyfile or deploy/nginx/orgo.conf, and web: {public_url: ...} in config.yaml
END
}

main "$@"
