hook=$prefix/etc/profile.d/conda.sh
works() {
    unset CONDA_PKGS_DIRS
    if [ -f "$hook" ]; then
        set +eu # conda's script is not written for them.
        . "$hook" && conda activate "$prefix" || return 1
        set -eu
        [ "$CONDA_PREFIX" -ef "$prefix" ] || return 1
    else
        case " $tools " in *' conda '*) return 1 ;; esac
        PATH=$prefix/bin:$PATH
    fi
    case " $tools " in *' python '*) [ "$(command -v python)" -ef "$prefix/bin/python" ] || return 1 ;; esac
    for tool in $tools; do "$prefix/bin/$tool" --version || return 1; done
}
own works || fail 8 'the environment does not work: it cannot be activated, or a program of it fails' 'see above, then run the same command again'
