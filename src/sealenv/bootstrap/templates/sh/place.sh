prefix=${ENV_PREFIX:-${PY_ENVS:-$PWD}/$name}
prefix=${prefix%/}
case $prefix in /*) ;; *) prefix=$PWD/$prefix ;; esac
# Scripts of packages contain this path: without `..` and links in its parent, if that exists.
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
# is_bare: the folder contains nothing but our marker.
is_bare() { found=$(find "$prefix" -mindepth 1 -maxdepth 2 ! -name conda-meta ! -name sealenv.pending) && [ -z "$found" ]; }
# is_ours: the marker is ours. A run that was killed at once leaves an empty one in an empty folder.
is_ours() {
    [ -f "$marker" ] && case $(head -n 1 "$marker") in
        sealenv-bootstrap*) ;;
        '') is_bare ;;
        *) false ;;
    esac
}
busy() { fail 7 "another process works on this environment: $prefix" 'wait until it has ended'; }

# claim: put the marker into the prefix and lock it. The kernel releases the lock (flock) when we and our children
# end; where there is no flock, the number of our process is in the marker.
claim() {
    mkdir -p -- "$meta" || fail 9 "cannot create $meta" 'choose a folder that you may write'
    made=
    (set -C && printf 'sealenv-bootstrap %s %s\n' "$script_version" $$ >"$marker") 2>/dev/null && made=yes
    [ -f "$marker" ] && [ -w "$marker" ] || fail 9 "cannot write $marker"
    exec 9<"$marker"
    if command -v flock >/dev/null; then
        flock -n 9 || busy
    elif [ -z "$made" ]; then
        read -r word word owner <"$marker" || owner=
        [ -z "$owner" ] || ! kill -0 "$owner" 2>/dev/null || busy
    fi
    is_ours || busy # It ended between these lines.
    [ -n "$made" ] || printf 'sealenv-bootstrap %s %s\n' "$script_version" $$ >"$marker"
}

# empty [FIND TESTS]: delete the content of the prefix except what the tests exclude; the marker stays.
empty() {
    find "$prefix" -mindepth 1 -maxdepth 1 ! -name conda-meta "$@" -exec rm -rf -- {} + &&
        find "$meta" -mindepth 1 -maxdepth 1 ! -name sealenv.pending -exec rm -rf -- {} + ||
        fail 9 "cannot delete everything in $prefix" 'correct its permissions, then run the same command again'
}

not_a_link() { [ ! -L "$prefix" ] && [ ! -L "$meta" ] || fail 7 "this is a link, or its conda-meta is one: $prefix"; }
