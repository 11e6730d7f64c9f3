#!/bin/sh
# Says who is master before Redis and its Sentinel start: the one that the other Sentinels name, else the first pod.
# Run by the init container with NAME, NODES (the headless service), REPLICAS, REDIS_PASSWORD and POD_NAME; writes to /data.
set -eu
master="$NAME-0.$NODES"
number=0
while [ "$number" -lt "$REPLICAS" ]; do
    answer=$(REDISCLI_AUTH="$REDIS_PASSWORD" timeout 3 redis-cli -h "$NAME-$number.$NODES" -p 26379 \
        sentinel get-master-addr-by-name orgo 2>/dev/null | head -n 1) || answer=""
    case "$answer" in
        "$NAME"-*) master=$answer; break ;;
    esac
    number=$((number + 1))
done
me="$POD_NAME.$NODES"
umask 077
{
    echo "port 6379"
    echo "dir /data"
    echo 'save ""'
    echo "appendonly no"
    echo "requirepass $REDIS_PASSWORD"
    echo "masterauth $REDIS_PASSWORD"
    echo "replica-announce-ip $me"
    [ "$master" = "$me" ] || echo "replicaof $master 6379"
} > /data/redis.conf
{
    echo "port 26379"
    echo "dir /data"
    echo "requirepass $REDIS_PASSWORD"
    echo "sentinel resolve-hostnames yes"
    echo "sentinel announce-hostnames yes"
    echo "sentinel announce-ip $me"
    echo "sentinel monitor orgo $master 6379 $((REPLICAS / 2 + 1))"
    echo "sentinel auth-pass orgo $REDIS_PASSWORD"
    echo "sentinel down-after-milliseconds orgo 5000"
    echo "sentinel failover-timeout orgo 30000"
} > /data/sentinel.conf
