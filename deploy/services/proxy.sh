#!/bin/sh
# nginx in front of everything that has no login of its own. Who may in comes from the environment.
set -eu
umask 077
mkdir -p /tmp/proxy
password_file() { # file, user, password
    if [ -z "$3" ]; then
        echo "no password was given for $2" >&2
        exit 1
    fi
    printf '%s:%s\n' "$2" "$(printf '%s' "$3" | openssl passwd -6 -stdin)" > "/tmp/proxy/$1"
}
password_file operators "${AML_UI_USER:-aml}" "${AML_UI_PASSWORD:-}"
password_file viewers "${AML_VIEWER_USER:-viewer}" "${AML_VIEWER_PASSWORD:-}"
password_file notebook "${AML_NOTEBOOK_USER:-analyst}" "${AML_NOTEBOOK_PASSWORD:-}"
# An operator may look, too.
cat /tmp/proxy/operators >> /tmp/proxy/viewers

# A certificate of the bank's is mounted; without one, one is made that no browser knows.
if [ ! -e /certificate/tls.crt ]; then
    openssl req -x509 -newkey rsa:3072 -nodes -days 365 -subj /CN=aml_assets \
        -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' \
        -keyout /tmp/proxy/tls.key -out /tmp/proxy/tls.crt 2> /dev/null
    export CERTIFICATE=/tmp/proxy
else
    export CERTIFICATE=/certificate
fi
: "${AML_NOTEBOOK_TOKEN:?no token was given}"
RESOLVER="$(sed -n 's/^nameserver //p' /etc/resolv.conf | head -n 1)"
case "$RESOLVER" in *:*) RESOLVER="[$RESOLVER]" ;; esac
export RESOLVER
export WEB="${AML_WEB:-web:3000}" VIEWER="${AML_VIEWER:-viewer:3000}" NOTEBOOK="${AML_NOTEBOOK:-notebook:8888}"
# shellcheck disable=SC2016 # names, not values
envsubst '$CERTIFICATE $RESOLVER $WEB $VIEWER $NOTEBOOK $AML_NOTEBOOK_TOKEN' \
    < /etc/nginx/nginx.conf.template > /tmp/proxy/nginx.conf
unset AML_UI_PASSWORD AML_VIEWER_PASSWORD AML_NOTEBOOK_PASSWORD AML_NOTEBOOK_TOKEN
exec nginx -c /tmp/proxy/nginx.conf -e stderr -g 'daemon off;'
