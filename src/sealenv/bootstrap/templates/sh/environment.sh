half_made() {
    printf '%s\n' '[INFO] The environment is half made and marked as such. The same command makes it anew; --remove takes it away.' >&2
    clean_up
}

# Before the mark, so that nothing is begun that has to end at once.
mkdir -p -- "$pkgs" 2>/dev/null && probe=$(mktemp "$pkgs/.sealenv.XXXXXXXX" 2>/dev/null) && rm -f -- "$probe" ||
    fail 9 'the package cache cannot be written' "$pkgs" 'set CONDA_PKGS_DIRS to a folder that you may write'
check_target
[ -d "$meta" ] || fresh=yes
mkdir -p -- "$meta" 2>/dev/null ||
    fail 9 'the folder of the environment cannot be made' "$prefix" 'choose a folder that you may write, or make room'
mark
lock
check_target
trap half_made EXIT
if [ -n "$pending" ]; then
    [ -s "$marker" ] || printf 'sealenv-bootstrap %s\n' "$script_version" >>"$marker" ||
        fail 9 'the marker cannot be written' "$marker" 'make room'
    say 'Replacing the half-made environment of an earlier run.'
    find "$prefix" -mindepth 1 -maxdepth 1 ! -name conda-meta ! -name __home__ ! -name __shortcut__ \
        ! -name __AppData__ -exec rm -rf -- {} + &&
        find "$meta" -mindepth 1 -maxdepth 1 ! -name sealenv.pending ! -name sealenv.lock -exec rm -rf -- {} + ||
        fail 9 'the half-made environment cannot be taken away' "$prefix" 'mend its permissions'
fi

# own COMMAND...: in a clean environment with a home of its own.
own() (
    forget
    HOME=$work/home TMPDIR=$work/tmp
    XDG_CONFIG_HOME=$HOME/.config XDG_CACHE_HOME=$HOME/.cache XDG_DATA_HOME=$HOME/.local/share
    export HOME TMPDIR XDG_CONFIG_HOME XDG_CACHE_HOME XDG_DATA_HOME
    "$@"
)
