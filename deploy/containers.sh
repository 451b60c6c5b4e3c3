#!/bin/sh
# `make image`, `make compose-up`, `make compose-down`: with docker, or with podman and podman-compose.
#
#   CONTAINER_ENGINE          docker or podman; by default whichever is there
#   CONTAINER_OPTIONS  more options of podman itself, e.g. its storage
#   BUILD_OPTIONS   more options of a build, e.g. --build-arg BASE=registry.bank.example/debian@sha256:…
#   SECRETS_FILE         the file of secrets; by default deploy/secrets.env
set -eu
cd "$(dirname "$0")/.."
version="$(sed -n 's/^version = "\(.*\)"$/\1/p' pyproject.toml)"
secrets="${SECRETS_FILE:-deploy/secrets.env}"
names='DAGSTER_POSTGRES_PASSWORD AML_UI_PASSWORD AML_VIEWER_PASSWORD AML_NOTEBOOK_PASSWORD AML_NOTEBOOK_TOKEN'

engine="${CONTAINER_ENGINE:-}"
if [ -z "$engine" ]; then
    for each in docker podman; do
        if command -v "$each" > /dev/null; then
            engine="$each"
            break
        fi
    done
fi
if [ -z "$engine" ]; then
    echo "neither docker nor podman is installed" >&2
    exit 1
fi

# Options are words, as their users give them.
# shellcheck disable=SC2086
build() { # file, target, name
    case "$engine" in
        # The image format of the two differs: only Docker's has a health check.
        podman) podman ${CONTAINER_OPTIONS:-} build --format docker ${BUILD_OPTIONS:-} -f "$1" --target "$2" -t "localhost/$3:$version" . ;;
        *) "$engine" build ${BUILD_OPTIONS:-} -f "$1" --target "$2" -t "localhost/$3:$version" . ;;
    esac
}

compose() {
    case "$engine" in
        podman)
            composer=podman-compose
            command -v "$composer" > /dev/null || composer=.venv/bin/podman-compose
            "$composer" --podman-args="${CONTAINER_OPTIONS:-}" --env-file "$secrets" -f deploy/compose.yaml "$@"
            ;;
        *) "$engine" compose --env-file "$secrets" -f deploy/compose.yaml "$@" ;;
    esac
}

make_secrets() {
    if [ ! -e "$secrets" ]; then
        (
            umask 077
            for name in $names; do
                printf '%s=%s\n' "$name" "$(head -c 24 /dev/urandom | base64 | tr '+/' '-_')"
            done > "$secrets.new"
            mv "$secrets.new" "$secrets"
        )
        echo "Wrote $secrets: the passwords, for you alone to read."
    fi
}

case "${1:-}" in
    image)
        build Dockerfile aml aml_assets
        ;;
    images)
        build Dockerfile aml aml_assets
        build Dockerfile notebook aml_assets_notebook
        for each in postgres hadoop proxy; do
            build deploy/services/Dockerfile "$each" "aml_assets_$each"
        done
        ;;
    up)
        make_secrets
        compose up -d
        echo "https://localhost:${UI_PORT:-8443}    the UI: user aml, password AML_UI_PASSWORD of $secrets"
        echo "https://localhost:${VIEWER_PORT:-8444}    the same to look at: viewer, AML_VIEWER_PASSWORD"
        echo "https://localhost:${NOTEBOOK_PORT:-8445}    the notebook: analyst, AML_NOTEBOOK_PASSWORD"
        ;;
    demo)
        compose --profile demo run --rm --no-deps demo
        ;;
    down)
        # Volumes stay, and so what was built and what ran; `compose down --volumes` forgets them.
        compose down
        ;;
    compose)
        shift
        make_secrets
        compose "$@"
        ;;
    *)
        echo "usage: $0 image | images | up | demo | down | compose …" >&2
        exit 1
        ;;
esac
