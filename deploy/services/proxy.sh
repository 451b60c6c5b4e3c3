#!/bin/sh
# nginx in front of everything that has no login of its own. Who may in: users.sh.
set -eu
umask 077
folder="${PROXY_FOLDER:-/tmp/proxy}"
certificate="${CERTIFICATE_FOLDER:-/certificate}"
export PROXY_FOLDER="$folder"
mkdir -p "$folder"
users.sh apply

# A certificate of the bank's is mounted; without one, one is made that no browser knows.
if [ ! -e "$certificate/tls.crt" ]; then
    openssl req -x509 -newkey rsa:3072 -nodes -days 365 -subj /CN=aml_assets \
        -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' \
        -keyout "$folder/tls.key" -out "$folder/tls.crt" 2> /dev/null
    echo "proxy: WARNING: $certificate/tls.crt is missing, and a certificate was made that no browser can check:" \
        "whoever stands between can read the logins. Mount the bank's tls.crt and tls.key there." >&2
    certificate="$folder"
fi
export CERTIFICATE="$certificate"
: "${AML_NOTEBOOK_TOKEN:?no token was given}"
RESOLVER="$(sed -n 's/^nameserver //p' /etc/resolv.conf | head -n 1)"
case "$RESOLVER" in *:*) RESOLVER="[$RESOLVER]" ;; esac
export RESOLVER
export WEB="${AML_WEB:-web:3000}" VIEWER="${AML_VIEWER:-viewer:3000}" NOTEBOOK="${AML_NOTEBOOK:-notebook:8888}"
# shellcheck disable=SC2016 # names, not values
envsubst '$PROXY_FOLDER $CERTIFICATE $RESOLVER $WEB $VIEWER $NOTEBOOK $AML_NOTEBOOK_TOKEN' \
    < "${TEMPLATE:-/etc/nginx/nginx.conf.template}" > "$folder/nginx.conf"
unset AML_UI_PASSWORD AML_VIEWER_PASSWORD AML_NOTEBOOK_PASSWORD AML_NOTEBOOK_TOKEN
exec nginx -c "$folder/nginx.conf" -e stderr -g 'daemon off;'
