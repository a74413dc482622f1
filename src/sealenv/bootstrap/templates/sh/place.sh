# Through a pipe the script has no folder: $0 is the name of a shell then.
here=
[ ! -f "$0" ] || here=$(cd -P -- "$(dirname -- "$0")" && pwd -P) || here=
plain 'the path of the environment' "$prefix"
while :; do
    case $prefix in
        *?/) prefix=${prefix%/} ;;
        *) break ;;
    esac
done
# The parent's real path, so that no `..` and no link is left in what is written into scripts.
parent=${prefix%/*}
[ "$parent" != "$prefix" ] || parent=.
leaf=${prefix##*/}
case $leaf in '' | . | .. | base | root) usage 'the path of the environment ends in no name for one' ;; esac
real=$(cd -P -- "${parent:-/}" 2>/dev/null && pwd -P) || real=
if [ -n "$real" ]; then
    prefix=${real%/}/$leaf
else
    case $prefix in
        *../* | */..*) usage 'the path of the environment goes up from a folder that is not there' ;;
        /*) ;;
        *) prefix=$PWD/$prefix ;;
    esac
fi
plain 'the path of the environment' "$prefix"

[ -n "${XDG_CACHE_HOME:-${HOME-}}" ] ||
    fail 2 'HOME is not set: there is no place for the cache' '' 'set HOME or XDG_CACHE_HOME'
cache=${XDG_CACHE_HOME:-${HOME-}/.cache}/sealenv-bootstrap
pkgs=$cache/pkgs
[ -z "${CONDA_PKGS_DIRS-}" ] || pkgs=${CONDA_PKGS_DIRS%%[,:]*}
case $pkgs in /*) ;; *) pkgs=$PWD/$pkgs ;; esac
meta=$prefix/conda-meta
marker=$meta/sealenv.pending

locks=$meta/sealenv.lock

# holds_only FOLDER [NAME...]: nothing but these is in it. What cannot be listed may hold anything.
holds_only() (
    set +f
    inside=$1
    shift
    names=$(LC_ALL=C ls -A -- "$inside") || return 1
    for wanted; do
        names=$(printf '%s\n' "$names" | LC_ALL=C sed "/^$wanted\$/d")
    done
    [ -z "$names" ]
)

# Nothing is in the target but what every run puts there first.
is_bare() {
    holds_only "$prefix" conda-meta && { [ ! -e "$meta" ] || holds_only "$meta" 'sealenv\.pending' 'sealenv\.lock'; }
}

# The marker is ours. An empty one is nobody's: one of ours is so for a moment, before anything else is there.
is_ours() {
    [ -f "$marker" ] || return 1
    if [ -s "$marker" ]; then
        case $(head -n 1 -- "$marker") in sealenv-bootstrap*) ;; *) return 1 ;; esac
    else
        is_bare
    fi
}

# --- One run at a time ------------------------------------------------------------------------------

busy() {
    # Who finished the environment meanwhile needs no marker of ours in it.
    [ ! -e "$meta/sealenv.bootstrap" ] && [ ! -e "$meta/sealenv" ] || unmark
    fail 7 'another process works on this environment' "$prefix" "${1:-wait for it to end}"
}

# mark WORD: the marker, if there is none; $made tells whether it is of this run.
made= fresh=
mark() {
    if (set -C && : >"$marker") 2>/dev/null; then
        made=yes
        printf 'sealenv-bootstrap %s%s\n' "$script_version" "${1:+ $1}" >>"$marker" || {
            unmark
            fail 9 'the marker cannot be written' "$marker" 'make room'
        }
    fi
    [ -f "$marker" ] && (: >>"$marker") 2>/dev/null ||
        fail 9 'the marker cannot be written: nothing was changed' "$marker" 'mend its permissions'
}

# Take back a marker that this run made, for a refusal.
unmark() {
    [ -z "$made" ] || rm -f -- "$marker"
    release
    [ -z "$fresh" ] || rmdir -- "$meta" 2>/dev/null || :
    made= fresh=
}

alive() { [ "$1" != $$ ] && { kill -s 0 -- "$1" || kill -s 0 -- "-$1"; } 2>/dev/null; }

# lock: the marker is there, and nobody else works on it. Where there is a flock(1), that on the marker,
# which is the lock of sealenv's own create, too: it ends with us. Always a folder with our process id,
# for machines without flock; who died in it is recognised by that.
lock() {
    kind=folder
    filled=
    [ ! -s "$marker" ] || filled=yes
    if command -v flock >/dev/null 2>&1; then
        kind=flock
        exec 9>>"$marker"
        flock -n 9 || busy
        if [ -n "$filled" ] && [ ! -s "$marker" ]; then
            # It ended between two of our steps, and ours is a new marker.
            rm -f -- "$marker"
            busy 'it has just ended: look at what it made'
        fi
        [ ! -e /proc/self/fd/9 ] || [ "$marker" -ef /proc/self/fd/9 ] || busy
    fi
    tries=0
    until mkdir -- "$locks" 2>/dev/null; do
        tries=$((tries + 1))
        [ -d "$locks" ] && [ "$tries" -le 9 ] || {
            unmark
            fail 9 'the environment cannot be locked' "$locks" 'mend its permissions, or make room'
        }
        other= how=
        read -r other how rest 2>/dev/null <"$locks/pid" || :
        case $other in
            '' | *[!0-9]*) busy "if no such process is there, delete $locks" ;;
        esac
        if [ "$kind $how" != 'flock flock' ] && alive "$other"; then
            busy "wait for process $other to end; if it is another program, delete $locks"
        fi
        # Its owner is dead. Whoever moves it away goes on; it may be that of somebody quicker by now.
        rm -rf -- "$locks.$$"
        mv -- "$locks" "$locks.$$" 2>/dev/null || continue
        read -r now rest <"$locks.$$/pid" || now=
        [ "$now" = "$other" ] || {
            mv -- "$locks.$$" "$locks"
            busy
        }
        rm -rf -- "$locks.$$"
    done
    held=$locks
    printf '%s %s\n' $$ "$kind" >"$locks/pid" || {
        rm -rf -- "$locks"
        unmark
        fail 9 'the environment cannot be locked' "$locks" 'make room'
    }
    [ -f "$marker" ] || busy 'it has just ended: look at what it made'
}

# --- --remove: only what carries our marker or a seal; a link is removed, never what it leads to. ---

remove() {
    [ ! -L "$prefix" ] || fail 7 'this is a link: nothing is removed' "$prefix" 'name the folder that it leads to'
    [ -d "$prefix" ] || fail 7 'there is no environment' "$prefix" 'check the name'
    [ ! -L "$meta" ] || fail 7 'its conda-meta is a link: nothing is removed' "$prefix" 'look into it'
    [ -f "$meta/sealenv.bootstrap" ] || [ -f "$meta/sealenv" ] || is_ours ||
        fail 7 'this carries no mark of this script and no seal: nothing is removed' "$prefix" \
            'look into it, and delete it by hand if it is to go'
    [ ! -e "$meta/frozen" ] || fail 7 'this environment is frozen: nothing is removed' "$meta/frozen" 'ask who froze it'
    if [ -n "$dry" ]; then
        say "Would remove:   $prefix"
        say 'Dry run: nothing was removed.'
        return 0
    fi
    mark removing
    lock
    # The marker goes last: what a stopped remove leaves is known for half made.
    find "$prefix" -mindepth 1 -maxdepth 1 ! -name conda-meta -exec rm -rf -- {} + &&
        find "$meta" -mindepth 1 -maxdepth 1 ! -name sealenv.pending ! -name sealenv.lock -exec rm -rf -- {} + &&
        rm -f -- "$marker" && rm -rf -- "$locks" && rmdir -- "$meta" "$prefix" ||
        fail 9 'not everything could be removed' "$prefix" 'mend its permissions, then run the same command again'
    say "Removed:        $prefix"
}

if [ -n "$remove" ]; then
    remove
    exit 0
fi

# --- The target -----------------------------------------------------------------------------------

# refuse "what" "what to do next": the target stays as it was found.
refuse() {
    unmark
    fail 7 "$1" "$prefix" "$2"
}

# Asked before the download and once more after it, which can take long; and when the lock is ours.
pending=
check_target() {
    pending=
    if [ -L "$prefix" ] || [ -L "$meta" ]; then
        refuse 'the target, or its conda-meta, is a link' 'name the folder that it leads to'
    elif [ -e "$meta/sealenv" ]; then
        refuse 'there is an environment already' 'choose another name, or remove it first with --remove'
    elif [ -e "$marker" ] && [ -z "$made" ]; then
        is_ours || refuse 'the target is half made, and not by this script' \
            'finish or remove it with what made it, such as sealenv remove'
        pending=yes
    elif [ -e "$meta/history" ] || [ -e "$meta/sealenv.bootstrap" ] || [ -e "$prefix/bin/python" ]; then
        refuse 'there is an environment already' 'choose another name, or remove it first with --remove'
    elif [ -e "$prefix" ]; then
        [ -d "$prefix" ] || refuse 'the target is a file' 'choose another name'
        is_bare || refuse 'the target is not an empty folder, or cannot be looked into' \
            'choose another name or folder; nothing is deleted that this script did not make'
    fi
}
check_target
if [ -n "$post" ]; then
    [ -f "$post" ] && [ -r "$post" ] || fail 2 'the --post script is no readable file' "$post" 'check its path'
fi
