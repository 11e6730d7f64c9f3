#!/usr/bin/env bash
# Installs Orgo on this machine as it is, and forgets it again: all that is written goes to a file system in memory.
# usage: on_machine.sh FOLDER REPOSITORY; run by test_deploy.py with `unshare --mount --pid --fork`, as root.
set -euo pipefail
if [[ ${1:-} != inside ]]; then
    folder=$1 repository=$2
    mount -t tmpfs tmpfs "$folder"
    mkdir "$folder"/{upper,work,root}
    mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/upper,workdir=$folder/work" "$folder/root"
    mount --rbind /dev "$folder/root/dev"
    mount -t proc proc "$folder/root/proc"
    mount -t tmpfs tmpfs "$folder/root/run"
    # what packages bring is there already, and a test asks no mirror
    printf '#!/bin/sh\necho "apt-get $*"\n' >"$folder/root/usr/local/sbin/apt-get"
    chmod +x "$folder/root/usr/local/sbin/apt-get"
    exec chroot "$folder/root" bash "$repository/tests/house/on_machine.sh" inside "$repository"
fi

cd "$2"
deploy/install.sh --yes --sample city-hall
cd /
echo secret-word >/etc/orgo/credentials/ORGO_SMTP_PASSWORD
# shellcheck disable=SC2016
printf 'smtp: {host: smtp.saint-aubin.example, username: orgo@saint-aubin.example, password: "${ORGO_SMTP_PASSWORD}"}\n' >>/etc/orgo/config.yaml
echo "== as root"
orgo config check
orgo config show | grep smtp.password
orgo mail route /etc/orgo/samples/water-leak.eml
echo "== as somebody"
setpriv --reuid nobody --regid nogroup --clear-groups orgo status 2>&1 || echo "code $?"
echo "== files"
stat -c '%U %a %n' /var/lib/orgo /var/lib/orgo/var/orgo.db /etc/orgo /etc/orgo/config.yaml /etc/orgo/credentials/* | sort
setpriv --reuid orgo --regid orgo --clear-groups cat /etc/orgo/credentials/ORGO_SMTP_PASSWORD 2>&1 || true
find /run -name 'orgo-*'
echo "== away"
"$2/deploy/uninstall.sh" --yes --purge
find /opt/orgo /etc/orgo /var/lib/orgo /usr/local/bin/orgo /etc/systemd/system/orgo.service 2>/dev/null || true
id orgo 2>&1 || true
