#!/bin/sh
# Postgres with one database and one user, whose password comes from the environment; made at the first start.
set -eu
: "${POSTGRES_PASSWORD:?no password was given}"
umask 077
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    # A start that was killed half-way leaves no database behind: it is made aside and renamed.
    rm -rf "$PGDATA.new"
    printf '%s\n' "$POSTGRES_PASSWORD" > /tmp/password
    initdb -D "$PGDATA.new" -U dagster -E UTF8 --locale=C.UTF-8 --auth=scram-sha-256 --pwfile=/tmp/password > /dev/null
    rm /tmp/password
    printf '%s\n' 'create database dagster' | postgres --single -D "$PGDATA.new" postgres > /dev/null
    echo 'host all all all scram-sha-256' >> "$PGDATA.new/pg_hba.conf"
    mv "$PGDATA.new" "$PGDATA"
fi
unset POSTGRES_PASSWORD
exec postgres -D "$PGDATA" -c listen_addresses='*' -c unix_socket_directories=/tmp
