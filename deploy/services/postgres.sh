#!/bin/sh
# Postgres with one database, by TLS only. Dagster's role owns it and is no superuser; the superuser comes in
# from within this container alone, without a password.
set -eu
: "${POSTGRES_PASSWORD:?no password was given}"
umask 077
certificate="${CERTIFICATE_FOLDER:-/certificate}"
private="${PRIVATE_FOLDER:-/tmp/postgres}"
mkdir -p "$private"
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    if [ -s "$(dirname "$PGDATA")/15/PG_VERSION" ]; then
        echo "postgres: the database of before 0.2, whose role was a superuser, stays in $(dirname "$PGDATA")/15;" \
            "the history of runs begins anew" >&2
    fi
    # A start that was killed half-way leaves no database behind: it is made aside and renamed.
    rm -rf "$PGDATA.new"
    initdb -D "$PGDATA.new" -U "$(id -un)" -E UTF8 --locale=C.UTF-8 --auth=peer > /dev/null
    printf '%s\n' 'create role dagster login' 'create database dagster owner dagster' \
        | postgres --single -D "$PGDATA.new" postgres > /dev/null
    mv "$PGDATA.new" "$PGDATA"
fi
# The password is that of the environment, also after a change there; no error may quote it.
printf "alter role dagster password '%s'\n" "$(printf '%s' "$POSTGRES_PASSWORD" | sed "s/'/''/g")" \
    | postgres --single -D "$PGDATA" -c log_min_error_statement=panic postgres > /dev/null
unset POSTGRES_PASSWORD

# A key for this start, and its certificate where those who connect find it: they believe no other.
openssl req -x509 -newkey rsa:3072 -nodes -days 3650 -subj /CN=postgres -addext 'subjectAltName=DNS:postgres' \
    -keyout "$private/server.key" -out "$private/server.crt" 2> /dev/null
cp "$private/server.crt" "$certificate/root.crt.new"
chmod 644 "$certificate/root.crt.new"
mv "$certificate/root.crt.new" "$certificate/root.crt"
printf '%s\n' 'local all all peer' 'hostssl dagster dagster all scram-sha-256' > "$private/pg_hba.conf"
exec postgres -D "$PGDATA" -c listen_addresses='*' -c unix_socket_directories=/tmp \
    -c hba_file="$private/pg_hba.conf" -c ssl=on \
    -c ssl_cert_file="$private/server.crt" -c ssl_key_file="$private/server.key"
