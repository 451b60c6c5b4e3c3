#!/bin/sh
# Who may in: people and their roles, in the file of password hashes from which the proxy's doors are filled.
#
#   users.sh add NAME ROLE[,ROLE]   the password comes on standard input; who is there gets a new one
#   users.sh remove NAME [--shared] the last of a role only with --shared, since its shared login then opens its door
#   users.sh list                   names and roles
#   users.sh line NAME ROLE[,ROLE]  what `add` writes, for a file that is kept elsewhere
#   users.sh apply                  fill the doors from the file; the proxy does it at its start
#
# Roles: operator (the UI, also the one that changes nothing), viewer (the latter only), analyst (the notebook).
# As long as nobody has a role, one shared login opens its door, with the password of the environment. Each change
# holds within five seconds, also for connections that are open.
set -eu
umask 077
file="${AML_USERS:-/users/users}"
folder="${PROXY_FOLDER:-/tmp/proxy}"

fail() {
    echo "users: $1" >&2
    exit 1
}

check_words() { # name, roles
    case "$1" in
        '' | [!A-Za-z0-9]* | *[!A-Za-z0-9._@-]*)
            fail "a name begins with a letter or digit, and has letters, digits and . _ @ - only" ;;
    esac
    [ "${#1}" -le 64 ] || fail "a name has 64 characters at most"
    case ",$2," in *,,*) fail "give $1 a role: operator, viewer or analyst" ;; esac
    for role in $(echo "$2" | tr , ' '); do
        case "$role" in
            operator | viewer | analyst) ;;
            *) fail "there is no role $role: operator, viewer or analyst" ;;
        esac
    done
}

line() { # name, roles; the password on standard input
    check_words "$1" "$2"
    IFS= read -r password || true
    [ "${#password}" -ge 12 ] || fail "a password has 12 characters at least; nothing was changed"
    hash="$(printf '%s' "$password" | openssl passwd -6 -stdin)"
    printf '%s:%s:%s\n' "$1" "$2" "$hash"
}

lines() {
    if [ -e "$file" ]; then
        grep -v -e '^#' -e '^$' "$file" || true
    fi
}

others() { # name: the lines of everybody else
    lines | awk -F: -v name="$1" '$1 != name'
}

roles_of() { # file
    awk -F: '!/^#/ { print $2 }' "$1" 2> /dev/null | tr , '\n' | sort -u
}

replace() { # whether shared logins may open again; the file's new content on standard input
    [ -w "$(dirname "$file")" ] || fail "$file is kept elsewhere: change it there"
    cat > "$file.new"
    # The shared password lets in everybody who ever knew it, also the person that is being removed.
    for role in $(roles_of "$file"); do
        if [ "$1" != --shared ] && ! roles_of "$file.new" | grep -q -x "$role"; then
            rm "$file.new"
            fail "nobody else is $role, and the shared login would open that door again: add another $role first, or \
remove with --shared; nothing was changed"
        fi
    done
    mv "$file.new" "$file"
    apply
    [ ! -s "$folder/nginx.pid" ] || kill -HUP "$(cat "$folder/nginx.pid")"
}

having() { # role: names and hashes of those who have it
    lines | awk -F: -v role="$1" '("," $2 ",") ~ ("," role ",") { print $1 ":" $3 }'
}

people() { # role, the shared login's name and password
    found="$(having "$1")"
    if [ -n "$found" ]; then
        printf '%s\n' "$found"
    elif [ -n "$3" ]; then
        echo "users: nobody is $1: the shared login $2 opens that door" >&2
        printf '%s:%s\n' "$2" "$(printf '%s' "$3" | openssl passwd -6 -stdin)"
    else
        fail "no password was given for $2, and nobody is $1"
    fi
}

door() { # file of nginx
    cat > "$folder/$1.new"
    mv "$folder/$1.new" "$folder/$1"
}

apply() {
    mkdir -p "$folder"
    lines | awk -F: '
        length($1) > 64 || !/^[A-Za-z0-9][A-Za-z0-9._@-]*:(operator|viewer|analyst)(,(operator|viewer|analyst))*:\$[^:]+$/ { print NR }
        ' > "$folder/unclear"
    [ ! -s "$folder/unclear" ] || fail "$file: user number $(head -n 1 "$folder/unclear") is not NAME:ROLE[,ROLE]:HASH"
    operators="$(people operator "${AML_UI_USER:-aml}" "${AML_UI_PASSWORD:-}")"
    viewers="$(people viewer "${AML_VIEWER_USER:-viewer}" "${AML_VIEWER_PASSWORD:-}")"
    analysts="$(people analyst "${AML_NOTEBOOK_USER:-analyst}" "${AML_NOTEBOOK_PASSWORD:-}")"
    printf '%s\n' "$operators" | door operators
    printf '%s\n%s\n' "$viewers" "$operators" | door viewers
    printf '%s\n' "$analysts" | door analysts
    # A failed login is told with its name only if somebody has that name: others mistype a password there. The
    # backslashes keep nginx from taking a name for a word of its own.
    printf '%s\n%s\n%s\n' "$operators" "$viewers" "$analysts" \
        | awk -F: '!seen[$1]++ { printf "\\\\%s %s;\n", $1, $1 }' | door names
}

case "${1:-} $#" in
    'add 3')
        added="$(line "$2" "$3")"
        { others "$2"; printf '%s\n' "$added"; } | replace ''
        ;;
    'remove 2' | 'remove 3')
        [ $# = 2 ] || [ "$3" = --shared ] || fail "remove NAME [--shared]"
        [ -n "$(lines | awk -F: -v name="$2" '$1 == name')" ] || fail "there is no user $2"
        others "$2" | replace "${3:-}"
        ;;
    'list 1') lines | awk -F: '{ print $1, $2 }' ;;
    'line 3') line "$2" "$3" ;;
    'apply 1') apply ;;
    *) fail "add NAME ROLE[,ROLE] | remove NAME [--shared] | list | line NAME ROLE[,ROLE] | apply" ;;
esac
