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

Installs Orgo on this machine: the program in /opt/orgo, its configuration in /etc/orgo, its data in /var/lib/orgo, the
command `orgo`, and a hardened systemd service that runs as the user orgo. At the end it prints the sign-in link.

  --yes          ask nothing
  --dry-run      print what would be done, and change nothing
  --root DIR     put all of it below DIR: no packages, no user, no service (to try it, or to build an image)
  --sample NAME  begin with a ready-made organization: school, city-hall, hospital, company, association
  --database     sqlite (the default) or postgresql, which is installed and given a database
  --broker       none (the default), redis or rabbitmq, which is installed

example:  sudo deploy/install.sh --yes --sample city-hall
USAGE
}

SAMPLE="" DATABASE=sqlite BROKER=none

read_words() {
    while (($#)); do
        case $1 in
            -h | --help) usage && exit 0 ;;
            --yes) YES=1 ;;
            --dry-run) DRY=1 ;;
            --root | --sample | --database | --broker)
                (($# > 1)) || stop 2 "$1 needs a value; see --help"
                case $1 in
                    --root) TARGET=$2 ;;
                    --sample) SAMPLE=$2 ;;
                    --database) DATABASE=$2 ;;
                    --broker) BROKER=$2 ;;
                esac
                shift
                ;;
            *) stop 2 "$1 is not known here; see --help" ;;
        esac
        shift
    done
}

# check_words: everything that can be refused is refused before anything is done.
check_words() {
    [[ $DATABASE == sqlite || $DATABASE == postgresql ]] || stop 2 "--database is sqlite or postgresql, not $DATABASE"
    [[ $BROKER == none || $BROKER == redis || $BROKER == rabbitmq ]] || stop 2 "--broker is none, redis or rabbitmq, not $BROKER"
    if [[ $SAMPLE && ! -f $SOURCE/config/organizations/$SAMPLE/config.yaml ]]; then
        stop 2 "there is no sample $SAMPLE; there are: $(cd "$SOURCE/config/organizations" && echo *)"
    fi
    if ! on_machine && [[ $DATABASE != sqlite || $BROKER != none ]]; then
        stop 2 "--database and --broker install packages, which --root does not"
    fi
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
    local kind
    local -a wanted=()
    kind=$(family)
    if [[ $kind == debian ]]; then
        wanted=(python3 python3-venv ca-certificates)
        [[ $DATABASE == postgresql ]] && wanted+=(postgresql)
        [[ $BROKER == redis ]] && wanted+=(redis-server)
        [[ $BROKER == rabbitmq ]] && wanted+=(rabbitmq-server)
        run apt-get -qq update
        run env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${wanted[@]}"
        started postgresql redis-server rabbitmq-server
        return
    fi
    wanted=(python3 ca-certificates util-linux)
    [[ -z $(find_python) ]] && dnf -q list --available python3.12 >/dev/null 2>&1 && wanted+=(python3.12)
    [[ $DATABASE == postgresql ]] && wanted+=(postgresql-server)
    [[ $BROKER == redis ]] && wanted+=(redis)
    [[ $BROKER == rabbitmq ]] && wanted+=(rabbitmq-server)
    run dnf -q install -y "${wanted[@]}"
    if [[ $DATABASE == postgresql && ! -e /var/lib/pgsql/data/PG_VERSION ]]; then
        run postgresql-setup --initdb
    fi
    started postgresql redis rabbitmq-server
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
    local name
    run install -d -m 0755 "$ROOT$OPT" "$ROOT$OPT/releases"
    own 0750 "$HOME_OF_ORGO"
    own 0750 "$HOME_OF_ORGO/var"
    own 0750 "$ETC"
    run install -d -m 0700 "$ROOT$ETC/credentials"
    for name in "${CREDENTIALS[@]}"; do
        [[ -e $ROOT$ETC/credentials/$name ]] || run install -m 0600 /dev/null "$ROOT$ETC/credentials/$name"
    done
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
    local file=$ETC/credentials/DATABASE_PASSWORD
    if [[ -s $file ]]; then
        say "PostgreSQL: $file is there already, so the database is left as it is"
        return
    fi
    if [[ $DRY ]]; then
        say "would make the role and the database orgo in PostgreSQL, with a new password in $file"
        return
    fi
    local word
    word=$(password)
    runuser -u postgres -- psql -qX -v ON_ERROR_STOP=1 <<SQL
DO \$\$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'orgo') THEN CREATE ROLE orgo LOGIN; END IF; END \$\$;
ALTER ROLE orgo PASSWORD '$word';
SELECT 'CREATE DATABASE orgo OWNER orgo ENCODING ''UTF8'' TEMPLATE template0'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'orgo') \gexec
SQL
    printf '%s\n' "$word" >"$file"
}

# config_line KEY LINE: the configuration says this, where it says nothing of the key.
config_line() {
    local file=$ROOT$ETC/config.yaml
    if [[ $DRY ]]; then
        say "would write to $file: $2"
    elif ! grep -q "^$1:" "$file"; then
        printf '\n%s\n' "$2" >>"$file"
    fi
}

# configuration: the sample's files, where there are none yet; then the choices.
configuration() {
    local from=$SOURCE/config file
    [[ $SAMPLE ]] && from=$SOURCE/config/organizations/$SAMPLE
    if [[ -e $ROOT$ETC/config.yaml ]]; then
        say "the configuration in $ROOT$ETC is kept"
    else
        for file in people.yaml rules.yaml templates scenarios; do
            [[ -e $ROOT$ETC/$file ]] || run cp -R "$from/$file" "$ROOT$ETC/$file"
        done
        run mkdir -p "$ROOT$ETC/samples"
        run cp "$SOURCE/config/samples/water-leak.eml" "$ROOT$ETC/samples/"
        run cp "$from/config.yaml" "$ROOT$ETC/config.yaml" # last: it says that the others are there
    fi
    [[ $DATABASE == postgresql ]] &&
        config_line database "database: postgresql://orgo:\${DATABASE_PASSWORD}@127.0.0.1:5432/orgo"
    case $BROKER in
        redis) config_line queue "queue: redis://127.0.0.1:6379/0" ;;
        rabbitmq) config_line queue "queue: amqp://127.0.0.1:5672//" ;;
    esac
    if on_machine; then
        run find "$ETC" -path "$ETC/credentials" -prune -o -exec chown -h orgo:orgo {} +
    fi
}

the_command() {
    run install -d -m 0755 "$ROOT/usr/local/bin"
    run install -m 0755 "$SOURCE/deploy/orgo" "$ROOT/usr/local/bin/orgo"
}

main() {
    TARGET=""
    read_words "$@"
    [[ -z $TARGET ]] || root_of "$TARGET"
    check_words
    need_root
    local id
    id=$(release_id)
    if [[ $(current_release) && $(current_release) != "$id" ]]; then
        stop 5 "$(current_release) is installed: deploy/upgrade.sh brings $id, with a backup before"
    fi
    agree "Install Orgo $id (database: $DATABASE, broker: $BROKER)?"
    if on_machine; then
        packages
    fi
    the_user
    folders
    make_release "$id"
    postgresql
    configuration
    switch_to "$id"
    the_command
    place_units
    lend
    as_orgo "$id" init --yes | sed '/^Start all of Orgo/,$d'
    if has_systemd; then
        run systemctl enable --quiet orgo.service
        service restart
    fi
    finish
}

finish() {
    cat <<END

Orgo is installed. The sign-in link above works once.
  configuration   $ROOT$ETC (config.yaml, people.yaml, rules.yaml); passwords in $ROOT$ETC/credentials
  service         systemctl status orgo; journalctl -u orgo
  try it          orgo selftest; orgo doctor
  behind TLS      deploy/caddy/Caddyfile or deploy/nginx/orgo.conf, and web: {public_url: ...} in config.yaml
END
}

main "$@"
