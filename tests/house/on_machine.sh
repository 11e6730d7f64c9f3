#!/usr/bin/env bash
# The whole way on a clean Debian, which forgets it: all that is written goes to a file system in memory, the packages are the
# mirror's, and the servers have a network of their own. usage: on_machine.sh FOLDER REPOSITORY DEBIAN; run by
# test_deploy_machine.py with `unshare --mount --pid --fork`.
set -euo pipefail
if [[ ${1:-} != inside ]]; then
    folder=$1 repository=$2 debian=$3
    mount -t tmpfs tmpfs "$folder"
    mkdir "$folder"/{upper,work,root}
    root=$folder/root
    mount -t overlay overlay -o "lowerdir=$debian,upperdir=$folder/upper,workdir=$folder/work" "$root"
    mount --rbind /dev "$root/dev"
    mount -t proc proc "$root/proc"
    mount -t tmpfs tmpfs "$root/run"
    mkdir -p "$root"/srv/{backups,blobs,log} "$root/etc/postgresql-common/createcluster.d"
    chmod 1777 "$root"/srv/{blobs,log}
    cat /etc/resolv.conf >"$root/etc/resolv.conf"
    echo "initdb_options = '--auth-host=ident'" >"$root/etc/postgresql-common/createcluster.d/as-rhel-has-it.conf"
    printf 'APT::Keep-Downloaded-Packages "false";\n' >"$root/etc/apt/apt.conf.d/91no-archives"
    # no package starts its server: that is for systemctl, of which a stand-in is there, for no systemd runs
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
    # what asks a mirror does it in the network of process 1, the machine's
    for pair in apt-get=/usr/bin/apt-get python-online=/usr/bin/python3; do
        printf '#!/bin/sh\nexec nsenter --net=/proc/1/ns/net %s "$@"\n' "${pair#*=}" >"$root/usr/local/sbin/${pair%%=*}"
        chmod +x "$root/usr/local/sbin/${pair%%=*}"
    done
    chmod +x "$root/usr/sbin/policy-rc.d"
    cp -R "$repository"/{src,config,deploy,tools,pyproject.toml,requirements.txt,requirements-dev.txt} "$root/srv/"
    printf '%s\n' 'intake: {smtp: {host: 127.0.0.1, port: 2525}}' 'blobs: {to: /srv/blobs}' 'log: {folder: /srv/log}' >>"$root/srv/config/organizations/city-hall/config.yaml"
    # what a server has besides: systemd, here for its units' links and its checks; and what the stand-in is written in
    chroot "$root" sh -c 'apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends systemd python3-minimal' >/dev/null
    mkdir -p "$root/run/systemd/system"
    install -m 0755 "$repository/tests/house/systemctl.py" "$root/usr/local/sbin/systemctl"
    unshare --net sh -c "ip link set lo up && exec chroot $root bash -s inside" <"$repository/tests/house/on_machine.sh"
    exit
fi

part() { printf '== %s\n' "$*"; }
# until_done WORDS: until a command succeeds, half a minute at most.
until_done() {
    local turn
    for ((turn = 0; turn < 150; turn++)); do
        "$@" >/dev/null 2>&1 && return
        sleep 0.2
    done
    echo "in vain: $*"
    return 1
}
tasks() { orgo task list --json | grep -c '"Water Leak in Room 102"'; }
# large: the large mail's bytes as they came, as Orgo reads them.
large() {
    setpriv --reuid orgo --regid orgo --clear-groups env ORGO_HOME=/var/lib/orgo CREDENTIALS_DIRECTORY=/run/started/orgo.service.credentials \
        /opt/orgo/current/bin/python - <<'PYTHON'
import hashlib
from orgo.conf import boot, load

boot.start(load())
from orgo.intake.models import Mail
from orgo.intake.store import read_raw

data = read_raw(Mail.objects.get(subject="The plan").pk)
print("large:", len(data) > 1_000_000, hashlib.sha256(data).hexdigest())
PYTHON
}
workers() { systemctl list-units --plain --no-legend --state=active 'orgo*.service' | cut -d' ' -f1 | xargs; }
# shellcheck source=deploy/lib.sh
release() { (source /srv/deploy/lib.sh && release_id); }
# another WORD: the checkout is another release by now, whose program is there already (a copy under its name).
another() {
    local id
    echo "# $1" >>/srv/deploy/systemd/orgo.service
    id=$(release)
    cp -al /opt/orgo/current/. "/opt/orgo/releases/$id"
    sed -i "1,3s#/opt/orgo/releases/[^/]*/#/opt/orgo/releases/$id/#" "/opt/orgo/releases/$id/bin/orgo"
}

trap 'tail -n 20 /run/started/*.log' ERR
cd /
export PYTHON=python-online
part install
words=(--yes --sample city-hall --database postgresql --broker rabbitmq --backup /srv/backups)
/srv/deploy/install.sh "${words[@]}"
echo secret-word >/etc/orgo/credentials/ORGO_SMTP_PASSWORD
systemctl enable orgo-worker@1
systemctl start orgo-worker@1 orgo-worker@2
part as somebody
setpriv --reuid nobody --regid nogroup --clear-groups orgo status 2>&1 || echo "code $?"
part files
stat -c '%U %a %n' /var/lib/orgo /etc/orgo /etc/orgo/config.yaml /etc/orgo/credentials/* | sort
setpriv --reuid orgo --regid orgo --clear-groups cat /etc/orgo/credentials/ORGO_SMTP_PASSWORD 2>&1 || true
find /run -maxdepth 1 -name 'orgo-*'
cat /etc/systemd/system/orgo.service.d/20-places.conf
part units
systemd-analyze verify --man=no /etc/systemd/system/orgo{,-worker@1}.service && echo "systemd has nothing to say"
part use
until_done orgo mail send-sample
until_done tasks
{
    printf '%s\n' 'From: b@organization.com' 'To: info@organization.com' 'Subject: The plan' 'Content-Type: application/octet-stream' \
        'Content-Transfer-Encoding: base64' ''
    head -c 1000000 /dev/urandom | base64
} >/srv/large.eml
orgo mail send-sample /srv/large.eml
orgo backup create
cp -p /etc/orgo/credentials/{ORGO_BACKUP_KEY,DATABASE_PASSWORD} /srv
echo "tasks: $(tasks), running: $(workers), blobs: $(find /srv/blobs -type f | wc -l)"
large
part again
/srv/deploy/install.sh "${words[@]}"
echo "tasks: $(tasks), running: $(workers), lines: $(grep -c 'by its install.sh' /etc/postgresql/*/main/pg_hba.conf)"
cmp /srv/DATABASE_PASSWORD /etc/orgo/credentials/DATABASE_PASSWORD && cmp /srv/ORGO_BACKUP_KEY /etc/orgo/credentials/ORGO_BACKUP_KEY && echo "the secrets are kept"
part schedule
orgo backup schedule "6 hours"
part upgrade
another upgraded
rm /etc/orgo/credentials/ORGO_CHAT_URL # as if a release before had not known of it
systemctl stop orgo-worker@1
mkdir -p /etc/systemd/system/multi-user.target.wants
mv /etc/systemd/system/{orgo.service,multi-user.target}.wants/orgo-worker@1.service # where a release before had enabled it
/srv/deploy/upgrade.sh --yes
echo "tasks: $(tasks), running: $(workers), unit: $(tail -n 1 /etc/systemd/system/orgo.service)"
part back
another broken
schema=$(echo "/opt/orgo/releases/$(release)"/lib/python3*/site-packages/orgo/ops/schema.py)
cp "$schema" "$schema.own" && mv "$schema.own" "$schema" # no other release's any more
cat >>"$schema" <<'PYTHON'


def migrate(config: object) -> list[str]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE of_the_new_one (id int); DELETE FROM people_user")
    raise RuntimeError("this release is broken")
PYTHON
/srv/deploy/upgrade.sh --yes 2>&1 | tail -n 1 || true
echo "tasks: $(tasks), running: $(workers), unit: $(tail -n 1 /etc/systemd/system/orgo.service)"
runuser -u postgres -- psql -qAtc "SELECT 'left: ' || count(*) FROM pg_class WHERE relname = 'of_the_new_one'" orgo
part found again
systemctl stop orgo
mv /opt/orgo/releases /srv/releases # to make one anew takes half a minute
/srv/deploy/uninstall.sh --yes
find /opt/orgo /usr/local/bin/orgo /etc/systemd/system/orgo*.service 2>/dev/null || true
mkdir /opt/orgo
mv /srv/releases /opt/orgo/releases
sed -i '/# broken/d' /srv/deploy/systemd/orgo.service
/srv/deploy/install.sh --yes
echo "tasks: $(tasks), running: $(workers), lines: $(grep -c 'by its install.sh' /etc/postgresql/*/main/pg_hba.conf)"
cmp /srv/DATABASE_PASSWORD /etc/orgo/credentials/DATABASE_PASSWORD && grep '  every:' /etc/orgo/config.yaml
cp -al /opt/orgo/releases /srv/releases
part away
/srv/deploy/uninstall.sh --yes --purge
find /opt/orgo /etc/orgo /var/lib/orgo /usr/local/bin/orgo /etc/systemd/system/orgo*.service /etc/systemd/system/*.wants/orgo* 2>/dev/null || true
id orgo 2>&1 || true
cmp /srv/ORGO_BACKUP_KEY /var/backups/orgo/backup.key && echo "the key is kept"
part restored
mkdir /opt/orgo
mv /srv/releases /opt/orgo/releases
rm -r /srv/blobs/*
chmod -R go= /srv/backups && chown -R root: /srv/backups # as on a disk that only root reads
/srv/deploy/install.sh --yes --restore "$(find /srv/backups -name '*.orgo-backup' | sort | tail -n 1)" --key /srv/ORGO_BACKUP_KEY --database sqlite --broker redis
echo "tasks: $(tasks), running: $(workers), left: $(find /var/lib/orgo -name 'restore*' | wc -l)"
large
grep '^queue:' /etc/orgo/config.yaml
part refused
/srv/deploy/install.sh --yes --database postgresql 2>&1 || echo "code $?"
