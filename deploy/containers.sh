#!/bin/sh
# `make image`, `make compose-up`, `make compose-down`: with docker, or with podman and podman-compose.
#
#   CONTAINER_ENGINE          docker or podman; by default whichever is there
#   CONTAINER_OPTIONS  more options of podman itself, e.g. its storage
#   BUILD_OPTIONS   more options of a build, e.g. --layers
#   PLATFORM             another processor that images are built for, e.g. linux/arm64; their tags end in it (-arm64)
#   BASE_FILE            the file that names the base image by digest; by default deploy/base-image, with PLATFORM
#                        deploy/base-image-arm64 and the like, since a digest may be that of one processor's image
#   SECRETS_FILE         the file of secrets; by default deploy/secrets.env
#   COMPOSE_OVERRIDE     a compose file laid over ours, e.g. deploy/own-cluster.yaml
#
# CONFIG_FOLDER, NOTEBOOK_FOLDER, COMPOSE_OVERRIDE and the ports may stand in the file of secrets, so that none is
# forgotten. `user add NAME ROLE[,ROLE]`, `user remove NAME` and `user list` say who may in, while the proxy runs.
set -eu
cd "$(dirname "$0")/.."
version="$(sed -n 's/^version = "\(.*\)"$/\1/p' pyproject.toml)"
secrets="${SECRETS_FILE:-deploy/secrets.env}"
processor="${PLATFORM:+-${PLATFORM##*/}}"
base="${BASE_FILE:-deploy/base-image$processor}"
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
case "$("$engine" --version)" in
    podman*) engine=podman ;; # also where it is called docker
esac
engine_options=
[ "$engine" != podman ] || engine_options="${CONTAINER_OPTIONS:-}"

# The environment first, then the file.
setting() { # name, default
    value="$(printenv "$1" || sed -n "s/^$1=//p" "$secrets" 2> /dev/null | tail -n 1)"
    printf '%s' "${value:-$2}"
}

warn_of_base() {
    case "$(cat "$base" 2> /dev/null) ${BUILD_OPTIONS:-}" in
        *@sha256:*) ;;
        *)
            echo "WARNING: the images begin with Debian 12 as its tag is today, since $base is missing:" \
                "'deploy/containers.sh base' looks its digest up, by which builds then take it." >&2
            ;;
    esac
}

# Options are words, as their users give them.
# shellcheck disable=SC2086
build() { # file, target, name
    given="${PLATFORM:+--platform $PLATFORM} ${BUILD_OPTIONS:-}"
    if [ -e "$base" ]; then
        given="--build-arg BASE=$(cat "$base") $given"
    fi
    case "$engine" in
        # The image format of the two differs: only Docker's has a health check.
        podman) podman ${CONTAINER_OPTIONS:-} build --format docker $given -f "$1" --target "$2" -t "localhost/$3:$version$processor" . ;;
        *) "$engine" build $given -f "$1" --target "$2" -t "localhost/$3:$version$processor" . ;;
    esac
}

# The digest that a registry gives for a name today, for all builds until the next call.
# shellcheck disable=SC2086
pin_base() { # image
    "$engine" $engine_options pull -q ${PLATFORM:+--platform "$PLATFORM"} "$1" > /dev/null
    found="$("$engine" $engine_options image inspect --format '{{index .RepoDigests 0}}' "$1")"
    case "$found" in
        *@sha256:*) ;;
        *)
            echo "no registry gives a digest for $1" >&2
            exit 1
            ;;
    esac
    printf '%s\n' "$found" > "$base.new"
    mv "$base.new" "$base"
    echo "Builds begin with $found now ($base)."
}

need_composer() {
    if [ "$engine" = podman ]; then
        composer=podman-compose
        command -v "$composer" > /dev/null || composer=.venv/bin/podman-compose
        command -v "$composer" > /dev/null && return
        echo "podman-compose is not installed: make install-dev, or pip install podman-compose" >&2
    else
        "$engine" compose version > /dev/null 2>&1 && return
        echo "docker compose is not installed (version 2)" >&2
    fi
    exit 1
}

# shellcheck disable=SC2086
compose() {
    need_composer
    override="$(setting COMPOSE_OVERRIDE '')"
    files="-f deploy/compose.yaml ${override:+-f $override}"
    if [ -n "$(setting NOTEBOOK_FOLDER '')" ]; then
        files="--profile notebook $files"
    fi
    case "$engine" in
        podman) "$composer" --podman-args="${CONTAINER_OPTIONS:-}" --env-file "$secrets" $files -f deploy/podman.yaml "$@" ;;
        *) "$engine" compose --env-file "$secrets" $files "$@" ;;
    esac
}

# A command in the proxy's container. Not by podman-compose, which would write the passwords of the container's
# environment into the arguments of a process.
# shellcheck disable=SC2086
in_proxy() {
    label=label=com.docker.compose
    project="$(setting COMPOSE_PROJECT_NAME aml_assets)"
    proxy="$("$engine" $engine_options ps -q --filter "$label.project=$project" --filter "$label.service=proxy")"
    if [ -z "$proxy" ]; then
        echo "the proxy does not run: make compose-up" >&2
        exit 1
    fi
    "$engine" $engine_options exec -i "$proxy" "$@"
}

# Containers run as users of their own, for whom a strict umask hides what they are given.
need_readable_settings() {
    for folder in "$(setting CONFIG_FOLDER deploy/config)" "$(setting NOTEBOOK_FOLDER deploy/notebook)"; do
        case "$folder" in ./*) folder="deploy/$folder" ;; esac
        if [ -z "$(find "$folder/aml.yaml" \( -perm -004 -o -uid 10001 -o -gid 10001 \) 2> /dev/null)" ]; then
            echo "$folder/aml.yaml is not there, or not readable for others: the containers are user 10001 (chmod o+r)" >&2
            exit 1
        fi
    done
}

# The key that seals what is stored lies in a volume of the code location's, which nobody else sees.
# shellcheck disable=SC2016 # the container's variable
make_seal_key() {
    compose run --rm --no-deps code sh -c 'test -e "$AML_STORE__SEAL_KEYS" || aml seal --new-key'
}

# From the terminal, where nobody looks on, or else from standard input; never an argument.
read_password() {
    if [ -t 0 ]; then
        trap 'stty echo; exit 130' INT TERM
        stty -echo
        printf 'Password: ' >&2
        IFS= read -r password
        printf '\nThe same again: ' >&2
        IFS= read -r again
        printf '\n' >&2
        stty echo
        if [ "$password" != "$again" ]; then
            echo "the two differ; nothing was changed" >&2
            exit 1
        fi
    else
        IFS= read -r password || true
    fi
    printf '%s\n' "$password"
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
        warn_of_base
        build Dockerfile aml aml_assets
        ;;
    images)
        need_composer
        warn_of_base
        build Dockerfile aml aml_assets
        build Dockerfile notebook aml_assets_notebook
        for each in postgres hadoop proxy; do
            build deploy/services/Dockerfile "$each" "aml_assets_$each"
        done
        ;;
    base)
        pin_base "${2:-docker.io/library/debian:bookworm-slim}"
        ;;
    secrets)
        make_secrets
        ;;
    up)
        make_secrets
        need_readable_settings
        make_seal_key
        compose up -d
        echo "https://localhost:$(setting UI_PORT 8443)    the UI: user aml, password AML_UI_PASSWORD of $secrets"
        echo "https://localhost:$(setting VIEWER_PORT 8444)    the same to look at: viewer, AML_VIEWER_PASSWORD"
        echo "https://localhost:$(setting NOTEBOOK_PORT 8445)    the notebook: analyst, AML_NOTEBOOK_PASSWORD"
        echo "These logins are shared. Give each person his own: $0 user add NAME operator (or viewer, analyst)."
        ;;
    demo)
        compose --profile demo run --rm --no-deps demo
        ;;
    down)
        # Volumes stay, and so what was built and what ran; `compose down --volumes` forgets them.
        compose down
        ;;
    user)
        shift
        case "${1:-}" in
            add)
                given="$(read_password)"
                printf '%s\n' "$given" | in_proxy users.sh "$@"
                ;;
            *) in_proxy users.sh "$@" < /dev/null ;;
        esac
        ;;
    compose)
        shift
        make_secrets
        compose "$@"
        ;;
    *)
        echo "usage: $0 image | images | base [IMAGE] | secrets | up | demo | down | user … | compose …" >&2
        exit 1
        ;;
esac
