#!/bin/sh
# nginx between the notebook and HDFS, which believes any name: what it asks for is read, and nothing is written.
set -eu
umask 077
mkdir -p /tmp/proxy
RESOLVER="$(sed -n 's/^nameserver //p' /etc/resolv.conf | head -n 1)"
case "$RESOLVER" in *:*) RESOLVER="[$RESOLVER]" ;; esac
export RESOLVER
# For the notebook, `namenode` and `datanode` are this container; here they have names of their own.
export NAMENODE="${HDFS_NAMENODE:-hdfs-namenode:9870}" DATANODE="${HDFS_DATANODE:-hdfs-datanode:9864}"
# shellcheck disable=SC2016 # names, not values
envsubst '$RESOLVER $NAMENODE $DATANODE' < /etc/nginx/reader.conf.template > /tmp/proxy/nginx.conf
exec nginx -c /tmp/proxy/nginx.conf -e stderr -g 'daemon off;'
