url=${MICROMAMBA_URL:-https://github.com/mamba-org/micromamba-releases/releases}

say() { printf '[INFO] %s\n' "$*"; }
warn() { printf '[WARN] %s\n' "$*" >&2; }
# fail CODE "what happened" ["next step"]
fail() {
    printf '[ERROR] %s\n' "$2" >&2
    [ -z "${3-}" ] || printf '        next: %s\n' "$3" >&2
    exit "$1"
}
[ -f "$0" ] || fail 2 'this script has to be a file: save it first, then run it'
here=$(CDPATH='' cd -P -- "$(dirname -- "$0")" && pwd)
usage() { fail 2 "$1" '--help shows the arguments and variables'; }
