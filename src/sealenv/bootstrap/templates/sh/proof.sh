# works: in a clean environment it can be activated, its python is the one that was asked for, and $tools answer.
hook=$prefix/etc/profile.d/conda.sh
works() {
    PATH=/usr/bin:/bin:/usr/sbin:/sbin
    unset CONDA_PKGS_DIRS
    if [ -f "$hook" ]; then
        set +eu
        . "$hook" && conda activate "$prefix" || return 1
        set -eu
    elif [ -n "$activates" ]; then
        printf '%s\n' "There is no $hook: nothing could activate the environment." >&2
        return 1
    else
        PATH=$prefix/bin:$PATH CONDA_PREFIX=$prefix
        export CONDA_PREFIX
    fi
    [ "${CONDA_PREFIX-}" -ef "$prefix" ] || return 1
    [ -z "$without_python" ] || return 0
    [ "$(command -v python)" = "$prefix/bin/python" ] || return 1
    "$prefix/bin/python" -I -c '
import os, sys
version = [word for word in sys.argv[2].split(".") if word]
print("python", sys.version.split()[0])
same = [str(n) for n in sys.version_info[: len(version)]] == version
sys.exit(not (same and os.path.samefile(sys.prefix, sys.argv[1])))
' "$prefix" "$python" || return 1
    for tool in $tools; do
        "$prefix/bin/$tool" --version || return 1
    done
}
