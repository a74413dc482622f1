# Activate this environment in bash, zsh, dash or another POSIX shell:   . PREFIX/activate.sh
#
# It starts no process and writes no file. From top to bottom: find the environment, refuse what must not
# be activated, set the variables (listed in etc/sealenv/env.sh), run the scripts of the packages.
# `deactivate` gives back what this script has changed.

# --- Find the environment. bash and zsh know where this file is. A plain sh does not: `sealenv run` tells it.
_sealenv_made=__SEALENV_PREFIX__ _sealenv_refusal=
_sealenv_here=$_sealenv_made/activate.sh
if [ -n "${_sealenv_file-}" ]; then _sealenv_here=$_sealenv_file; fi
if [ -n "${BASH_VERSION-}" ]; then _sealenv_here=$BASH_SOURCE; fi
if [ -n "${ZSH_VERSION-}" ]; then eval '_sealenv_here=${(%):-%x}'; fi
case $_sealenv_here in
    */*) _sealenv_here=${_sealenv_here%/*} ;;
    *) _sealenv_here=. ;;
esac
if [ ! -r "$_sealenv_here/etc/sealenv/env.sh" ]; then
    _sealenv_refusal="sealenv: $_sealenv_here/etc/sealenv/env.sh is missing: the environment was moved or removed.
  next: in its folder: sealenv move --here .   Or, if it was not moved: sealenv repair ."
fi

# --- Refuse an environment that is unfinished or moved, and a shell that is not clean.
_sealenv_found= _sealenv_active= _sealenv_first=
# One variable of the gate: name, value, what it means, how to clear it, values that mean nothing.
_sealenv_check() {
    case " ${5-}  " in *" $2 "*) return 0 ;; esac
    _sealenv_found="$_sealenv_found
  $1=$2: $3; to clear it: $4"
}
_sealenv_forget() {
    unset _sealenv_file _sealenv_here _sealenv_made _sealenv_refusal _sealenv_found _sealenv_active \
        _sealenv_first _sealenv_item _sealenv_rest _sealenv_kind _sealenv_flags
    unset -f _sealenv_check _sealenv_put _sealenv_forget 2>/dev/null || :
}

# Only the check at the end of `create` knows the first line of the marker.
_sealenv_item=
if [ -r "$_sealenv_here/conda-meta/sealenv.pending" ]; then
    read -r _sealenv_item <"$_sealenv_here/conda-meta/sealenv.pending" || :
fi
if [ -n "$_sealenv_refusal" ]; then
    :
elif [ -e "$_sealenv_here/conda-meta/sealenv.moving" ] ||
    { [ -e "$_sealenv_here/conda-meta/sealenv.pending" ] && [ "${SEALENV_CHECK_TOKEN:-none}" != "$_sealenv_item" ]; }; then
    _sealenv_refusal="sealenv: $_sealenv_here is unfinished: a create or a move was interrupted, or is running.
  next: run the same sealenv create or move again, or in that folder: sealenv move --here ."
elif ! [ "$_sealenv_here" -ef "$_sealenv_made" ]; then
    _sealenv_item="in that folder: sealenv move --here ."
    case $_sealenv_here in
        *[!A-Za-z0-9/._+-]*) ;;
        */*) _sealenv_item="sealenv move --here $_sealenv_here" ;;
    esac
    _sealenv_refusal="sealenv: this environment was made at $_sealenv_made
  and was moved or copied by hand to $_sealenv_here: it would not work.
  next: $_sealenv_item   Or move it back to $_sealenv_made"
else
    if [ "${CONDA_PREFIX-}" -ef "$_sealenv_made" ] && [ "${SEALENV_PREFIX:-$CONDA_PREFIX}" -ef "$_sealenv_made" ]; then
        _sealenv_active=yes
    else
        __SEALENV_GATE__
    fi
    # The folders on PATH: which has a Python first, and does one belong to another environment?
    _sealenv_rest=${PATH-}:
    while [ -n "$_sealenv_rest" ]; do
        _sealenv_item=${_sealenv_rest%%:*}
        _sealenv_rest=${_sealenv_rest#*:}
        _sealenv_kind=${_sealenv_item%/bin}
        if [ "$_sealenv_kind" -ef "$_sealenv_made" ]; then
            _sealenv_first=${_sealenv_first:-own}
        elif [ -d "$_sealenv_kind/conda-meta" ] || [ -f "$_sealenv_kind/pyvenv.cfg" ]; then
            _sealenv_check PATH "$_sealenv_item" __SEALENV_ON_PATH__
        elif [ -e "$_sealenv_item/python" ] || [ -e "$_sealenv_item/python3" ]; then
            _sealenv_first=${_sealenv_first:-another}
        fi
    done
    if [ -n "$_sealenv_active" ] && [ "$_sealenv_first" != own ]; then
        # A shell inside the active one, as of tmux or bash -l, has no `deactivate`.
        _sealenv_item='unset CONDA_PREFIX CONDA_SHLVL SEALENV_PREFIX'
        if [ -n "${_sealenv_names-}" ]; then _sealenv_item=deactivate; fi
        _sealenv_check PATH "${PATH-}" "this environment is active, but its programs do not come first" \
            "$_sealenv_item   Then activate it again."
    fi
fi
if [ -n "$_sealenv_found" ]; then
    _sealenv_refusal="sealenv: this shell is not clean, so ${_sealenv_made##*/} was not activated:$_sealenv_found
  next: open a new terminal, or: sealenv shell --clean '$_sealenv_made'"
fi
if [ -n "$_sealenv_refusal" ]; then
    printf '%s\n' "$_sealenv_refusal" >&2
    _sealenv_forget
    return 1
elif [ -n "$_sealenv_active" ]; then # Nothing is set, so a new `deactivate` gives nothing back.
    if [ -z "${_sealenv_names-}" ]; then
        deactivate() {
            printf '%s\n' "sealenv: activate.sh has changed nothing here. Leave with exit, or with the tool that activated the environment." >&2
            unset -f deactivate
        }
    fi
    _sealenv_forget
    return 0
fi

# --- Set a variable, and keep its old value: x and the value, or nothing if it was not set.
_sealenv_prefix=$_sealenv_made _sealenv_names= _sealenv_ps1=
_sealenv_put() {
    _sealenv_names="$_sealenv_names $1"
    eval "_sealenv_old_$1=\${$1+x\$$1}"
    export "$1=$2"
}

# --- Run the scripts of the packages in activate.d, or those in deactivate.d backwards. Most of them fail
# under `set -eu`: both are off meanwhile.
_sealenv_scripts() {
    _sealenv_flags=$-
    _sealenv_kind=$1
    set +eu
    if [ -n "${ZSH_VERSION-}" ]; then setopt local_options no_nomatch; fi
    _sealenv_item=${LC_ALL+x$LC_ALL}
    LC_ALL=C # the order of conda
    set -- "$_sealenv_prefix/etc/conda/$_sealenv_kind.d/"*.sh
    if [ -n "$_sealenv_item" ]; then { LC_ALL=${_sealenv_item#x}; } 2>/dev/null; else unset LC_ALL; fi
    _sealenv_rest=$#
    if [ "$_sealenv_kind" = deactivate ]; then
        for _sealenv_item in "$@"; do set -- "$_sealenv_item" "$@"; done
    fi
    while [ "$_sealenv_rest" -gt 0 ]; do
        if [ -f "$1" ]; then . "$1" || printf '%s\n' "sealenv: $1 ended with exit code $?" >&2; fi
        shift
        _sealenv_rest=$((_sealenv_rest - 1))
    done
    if [ "$_sealenv_flags" != "${_sealenv_flags#*e}" ]; then set -e; fi
    if [ "$_sealenv_flags" != "${_sealenv_flags#*u}" ]; then set -u; fi
}

# --- Leave: run deactivate.d, give back the prompt and the variables, remove what this script defined.
deactivate() {
    _sealenv_scripts deactivate
    if [ -n "$_sealenv_ps1" ]; then PS1=${_sealenv_ps1#x}; fi
    while [ -n "$_sealenv_names" ]; do
        _sealenv_item=${_sealenv_names##* }
        _sealenv_names=${_sealenv_names% *}
        eval "_sealenv_rest=\$_sealenv_old_$_sealenv_item"
        unset "_sealenv_old_$_sealenv_item"
        if [ -n "$_sealenv_rest" ]; then export "$_sealenv_item=${_sealenv_rest#x}"; else unset "$_sealenv_item"; fi
    done
    unset _sealenv_prefix _sealenv_names _sealenv_ps1 _sealenv_item _sealenv_rest _sealenv_kind _sealenv_flags
    unset -f deactivate _sealenv_scripts
}

# --- Activate: the variables in the order of CEP 32, the prompt, the scripts of the packages.
. "$_sealenv_prefix/etc/sealenv/env.sh"
case $-:${SEALENV_NO_PROMPT:-no}:${CONDA_CHANGEPS1-} in
    *:[Ff]alse | *:[Nn]o | *:[Oo]ff | *:0) ;;
    *i*:no:*) _sealenv_ps1=x$PS1; PS1=__SEALENV_SHOWN__$PS1 ;;
esac
_sealenv_scripts activate
_sealenv_forget
