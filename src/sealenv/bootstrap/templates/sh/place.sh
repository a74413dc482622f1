prefix=${ENV_PREFIX:-${PY_ENVS:-$PWD}/$name}
case $prefix in /*) ;; *) prefix=$PWD/$prefix ;; esac
prefix=${prefix%/}
# Scripts of packages contain this path: without links in its parent, if that exists.
parent=$(CDPATH='' cd -P -- "${prefix%/*}/" 2>/dev/null && pwd) || parent=${prefix%/*}
prefix=${parent%/}/${prefix##*/}
cache=${CACHE:-${XDG_CACHE_HOME:-${HOME:-$PWD}/.cache}/sealenv-bootstrap}
pkgs=${CONDA_PKGS_DIRS:-$cache/pkgs}
pkgs=${pkgs%%[,:]*} # conda reads a list; the first is the one that it writes to.
# Package managers write these characters unquoted into scripts.
for place in "$prefix" "$cache" "$pkgs"; do
    case $place in
        *[\"\'\`\$\\\;:]* | *[[:cntrl:]]*) usage "a path with one of \" ' \` \$ \\ ; : $place" ;;
        [!/]* | */../* | */.. | */.) usage "not an absolute path, or one with ..: $place" ;;
    esac
done
case ${prefix##*/} in base | root | '') usage "conda refuses an environment of this name: $prefix" ;; esac

meta=$prefix/conda-meta
marker=$meta/sealenv.pending
is_ours() { [ -f "$marker" ] && grep -q '^sealenv-bootstrap ' "$marker"; }
# is_bare: an empty folder. A run that was killed at once leaves an empty marker there.
is_bare() {
    found=$(find "$prefix" ! -path "$prefix" ! -path "$meta" ! -path "$marker") && [ -z "$found" ] && [ ! -s "$marker" ]
}
not_a_link() { [ ! -L "$prefix" ] && [ ! -L "$meta" ] || fail 7 "this is a link, or its conda-meta is one: $prefix"; }
check_target() {
    not_a_link
    [ ! -e "$prefix" ] || is_ours || { [ -d "$prefix" ] && is_bare; } ||
        fail 7 "this exists already, or another program left it unfinished: $prefix" 'choose another name, or remove it first'
}

# claim: put a marker into the prefix and lock it. The kernel releases the lock (flock) when we and our children
# end. Where there is no flock, the marker names our process.
claim() {
    mkdir -p -- "$meta" && true >>"$marker" || fail 9 "cannot write $marker" 'choose a folder that you may write'
    exec 9<>"$marker"
    read -r word word owner <"$marker" || owner=
    if command -v flock >/dev/null; then
        flock -n 9 || busy
    elif [ -n "$owner" ] && kill -0 "$owner" 2>/dev/null; then
        busy
    fi
}
busy() { fail 7 "another process works on this environment: $prefix" 'wait until it has ended'; }
sign() { printf 'sealenv-bootstrap %s %s\n' "$script_version" $$ >"$marker" || fail 9 "cannot write $marker"; }

# empty [FIND TESTS]: delete the content of the prefix except what the tests exclude; the marker stays.
empty() {
    find "$prefix" -mindepth 1 -maxdepth 1 ! -name conda-meta "$@" -exec rm -rf -- {} + &&
        find "$meta" -mindepth 1 -maxdepth 1 ! -name sealenv.pending -exec rm -rf -- {} + ||
        fail 9 "cannot delete everything in $prefix" 'correct its permissions, then run the same command again'
}
