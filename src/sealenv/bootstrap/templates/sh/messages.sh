# fail CODE "what happened" "where" "what to do next"
fail() {
    printf '[ERROR] %s\n' "$2" >&2
    [ -z "${3-}" ] || printf '        where: %s\n' "$3" >&2
    [ -z "${4-}" ] || printf '        next:  %s\n' "$4" >&2
    exit "$1"
}

say() { printf '[INFO] %s\n' "$*"; }
warn() { printf '[WARN] %s\n' "$*" >&2; }
# masked TEXT: without the passwords and tokens that its URLs may carry.
masked() { printf '%s\n' "$1" | LC_ALL=C sed 's#://[^/@ ]*@#://***@#g; s#\(://[^ ]*/t\)/[^/ ]*#\1/***#g'; }
