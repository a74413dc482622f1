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

name='' python='' post='' dry='' remove=''
while [ $# -gt 0 ]; do
    case $1 in
        -h | --help) help && exit 0 ;;
        --dry-run) dry=yes ;;
        --remove) remove=yes ;;
        --post)
            [ -f "${2-}" ] || usage "--post needs a script: ${2-}"
            post=$2
            shift
            ;;
        -*) usage "unknown option: $1" ;;
        *)
            [ -z "$python" ] || usage "too many arguments: $1"
            if [ -z "$name" ]; then name=$1; else python=$1; fi
            ;;
    esac
    shift
done
