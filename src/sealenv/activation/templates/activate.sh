# sealenv activation for bash, zsh, dash and other POSIX shells. Source it:   . PREFIX/activate.sh
#
# Static: it starts no process and writes no file. bash and zsh know where this file is; a plain sh
# does not, and uses the path below, which it checks. What differs between environments is in
# etc/sealenv/env.sh, compiled by `sealenv create` and `refresh`.
#
# How it is written: every command word has a backslash (no alias applies), nothing is unquoted
# (no IFS, no word splitting), no quoted string spans lines (zsh's csh_junkie_quotes), syntax that
# only one shell knows is inside eval, and every function takes sh's options in zsh.

# An environment of ours is active in this very shell: its state is what `deactivate` lives on, so that
# nothing of it may be touched from here on.
if \[ -n "${_sealenv_kept-}" ]; then
    \printf '%s\n' "sealenv: this shell is not clean, so nothing was activated:" \
        "  CONDA_PREFIX=$_sealenv_prefix" "      a conda environment is active here" \
        "      to clear it: deactivate" \
        "Nothing was changed. For another environment open a new terminal." >&2
    \return 1
fi
case $- in
    *a*) \set +a; _sealenv_allexport=yes ;;
    *) _sealenv_allexport= ;;
esac
_sealenv_carried=__SEALENV_PREFIX__
_sealenv_inline=__SEALENV_INLINE__
_sealenv_shell=sh
_sealenv_self=
_sealenv_sourced=yes
_sealenv_kept=
_sealenv_only=
# `sealenv run` has started this very shell: nothing is read-only yet. (What is inherited names another.)
if \[ "${_sealenv_fresh-}" != "$$" ]; then _sealenv_fresh=; fi
if \[ -n "${ZSH_VERSION-}" ]; then
    _sealenv_shell=zsh
    # $0 is exact where it names this file; %x is always there, but spells bytes that are not printable.
    \eval '_sealenv_self=${(%):-%x}; if [[ -o function_argzero ]] && [[ -f $0 ]]; then _sealenv_self=$0; fi'
    case ${ZSH_EVAL_CONTEXT-:file} in *:file*) ;; *) _sealenv_sourced= ;; esac
elif \[ -n "${BASH_VERSION-}" ]; then
    _sealenv_shell=bash
    \eval '_sealenv_self=${BASH_SOURCE[0]-}; if \[ "$_sealenv_self" = "$0" ] && \[ -z "${BASH_EXECUTION_STRING+set}" ]; then _sealenv_sourced=; fi'
else
    case $0 in *activate.sh) _sealenv_sourced= ;; esac
fi

_sealenv_say() {
    \printf '%s\n' "$@" >&2
}

# One finding of the gate: name, value, what it is, how to clear it. What is not printable (in a plain sh
# what is not ASCII) is shown as a question mark: it could be a word to the terminal.
_sealenv_find() {
    if \[ -z "$_sealenv_found" ]; then
        _sealenv_say "sealenv: this shell is not clean, so $_sealenv_name was not activated:"
    fi
    case $_sealenv_found$1 in *SEALENV_PREFIX | *ancestor | *CONDARC | *MAMBARC | inside*) _sealenv_found=inside ;; *) _sealenv_found=yes ;; esac
    _sealenv_rest=$2
    _sealenv_value=
    while \:; do
        case $_sealenv_rest in
            *[![:print:]]*)
                _sealenv_value=$_sealenv_value${_sealenv_rest%%[![:print:]]*}?
                _sealenv_rest=${_sealenv_rest#*[![:print:]]}
                ;;
            *) \break ;;
        esac
    done
    _sealenv_say "  $1=$_sealenv_value$_sealenv_rest" "      $3" "      to clear it: $4"
}

# Is $1 a function or an alias here? Not one that starts a program of the environment, such as
# pip='python -m pip'.
_sealenv_shadowed() {
    case $_sealenv_shell in
        # Where there are no programs a plain sh finds nothing else. (A read-only PATH would end it.)
        sh)
            if \[ -z "$_sealenv_inline$_sealenv_fresh" ]; then _sealenv_free PATH 2>/dev/null || \return 1; fi
            PATH=/dev/null \type "$1" >/dev/null 2>&1
            \return
            ;;
        bash)
            if \typeset -f "$1" >/dev/null 2>&1; then \return 0; fi
            \shopt -q expand_aliases && \alias "$1" >/dev/null 2>&1 || \return 1
            \eval "_sealenv_line=\${BASH_ALIASES[$1]-}"
            ;;
        zsh)
            if \typeset -f "$1" >/dev/null 2>&1; then \return 0; fi
            \alias "$1" >/dev/null 2>&1 || \return 1
            \eval "_sealenv_line=\${aliases[$1]-}"
            ;;
    esac
    _sealenv_line=${_sealenv_line#noglob }
    case " __SEALENV_PROGRAMS__ " in *" ${_sealenv_line%%[[:blank:]]*} "*) \return 1 ;; esac
}

# Was this shell, or a process above it, started inside an environment of ours? What it was started with
# says so, which no process changes by unsetting a variable. (Linux alone; a plain sh drops the bytes
# between the variables. Where `sealenv run` or `sealenv shell` has started this shell it has looked already.)
_sealenv_above() {
    if \[ -n "$_sealenv_fresh" ]; then \return 1; fi
    _sealenv_pid=$$
    while \[ "$_sealenv_pid" -gt 1 ] && \[ -r "/proc/$_sealenv_pid/status" ]; do
        if \[ -r "/proc/$_sealenv_pid/environ" ] && _sealenv_inside 2>/dev/null; then \return 0; fi
        _sealenv_parent=0
        while IFS= \read -r _sealenv_line; do
            case $_sealenv_line in PPid:*) _sealenv_parent=${_sealenv_line##*[!0-9]}; \break ;; esac
        done < "/proc/$_sealenv_pid/status"
        _sealenv_pid=$_sealenv_parent
    done
    \return 1
}

_sealenv_inside() {
    if \[ "$_sealenv_shell" = sh ]; then
        while IFS= \read -r _sealenv_line || \[ -n "$_sealenv_line" ]; do
            case $_sealenv_line in *SEALENV_PREFIX=/* | *SEALENV_INSIDE=/*) \return 0 ;; esac
        done < "/proc/$_sealenv_pid/environ"
    else
        while \eval 'IFS= \read -r -d "" _sealenv_line'; do
            case $_sealenv_line in SEALENV_PREFIX=/* | SEALENV_INSIDE=/*) \return 0 ;; esac
        done < "/proc/$_sealenv_pid/environ"
    fi
    \return 1
}

# A setting of pip, whose name pip takes in any case and with two more underscores. A plain sh cannot list
# its variables: there it is the usual names.
_sealenv_pip() {
    \eval "_sealenv_line=\${$_sealenv_item-}"
    if \[ -z "$_sealenv_line" ]; then \return 0; fi
    _sealenv_rest=${_sealenv_item#PIP_}
    case ${_sealenv_rest#__} in
        __SEALENV_PIP__
    esac
}

# Has an activation set $1, to the .condarc of its environment? Whoever only took SEALENV_PREFIX away
# is a child of it.
_sealenv_left() {
    case $_sealenv_found:$2 in inside:*) \return 0 ;; */.condarc) ;; *) \return 0 ;; esac
    if \[ -f "${2%/.condarc}/conda-meta/sealenv" ]; then _sealenv_find "$1" "$2" __SEALENV_LEFT_BY_OURS__ "$3"; fi
}

_sealenv_gate() {
    _sealenv_found=
    __SEALENV_GATE__
    case $_sealenv_shell in
        bash) \eval 'for _sealenv_item in __SEALENV_PIP_BASH__; do _sealenv_pip; done' ;;
        zsh) \eval 'for _sealenv_item in __SEALENV_PIP_ZSH__; do _sealenv_pip; done' ;;
        *) for _sealenv_item in __SEALENV_PIP_USUAL__; do _sealenv_pip; done ;;
    esac
    __SEALENV_RC_FILES__
    __SEALENV_SHADOWS__
    if _sealenv_above; then
        _sealenv_find ancestor "process $_sealenv_pid" __SEALENV_ANCESTOR__
    fi
    case $_sealenv_found in
        '') \return 0 ;;
        inside) _sealenv_say "Nothing was changed. For another environment open a new terminal." ;;
        *)
            _sealenv_say "Nothing was changed. For a clean shell open a new terminal, or run:" \
                "  sealenv shell --clean $_sealenv_quoted"
            ;;
    esac
    \return 1
}

# dash on Linux: is the script that the shell has open another file than the one at the known path?
# (A shell holds its script at the first free descriptor from 10 on. Without /proc nothing is said, nor where
# it was given so many files that it holds the script behind the last one here.)
_sealenv_copied() {
    if \[ ! -e /proc/self/fd/10 ]; then \return 1; fi
    _sealenv_file=10
    while \[ "$_sealenv_file" -lt 128 ]; do
        if \[ "/proc/self/fd/$_sealenv_file" -ef "$_sealenv_here/activate.sh" ]; then \return 1; fi
        _sealenv_file=$((_sealenv_file + 1))
    done
    \[ ! -e /proc/self/fd/127 ]
}

# Where this file is decides; the compiled path has to be the same folder.
_sealenv_locate() {
    _sealenv_here=$_sealenv_carried
    if \[ -n "$_sealenv_inline" ]; then
        _sealenv_include=/dev/null
        \return 0
    fi
    if \[ -n "$_sealenv_self" ]; then
        case $_sealenv_self in
            */*) _sealenv_here=${_sealenv_self%/*}; _sealenv_here=${_sealenv_here:-/} ;;
            *) _sealenv_here=. ;;
        esac
        # A link to the script alone: the recorded path has the same file.
        if \[ ! -d "$_sealenv_here/conda-meta" ] && \[ "$_sealenv_self" -ef "$_sealenv_carried/activate.sh" ]; then
            _sealenv_here=$_sealenv_carried
        fi
    fi
    if \[ ! -d "$_sealenv_here/conda-meta" ]; then
        _sealenv_say "sealenv: there is no environment at $_sealenv_here: it was moved or removed." \
            "  next: in the folder where it is now, mend it: sealenv move --here ." \
            "  or move it back to $_sealenv_carried, or make it anew with: sealenv create"
        \return 1
    fi
    if \[ -z "$_sealenv_self" ] && _sealenv_copied; then
        _sealenv_say "sealenv: this is not the activate.sh of $_sealenv_here, but a copy: the environment" \
            "  was moved or copied by hand." \
            "  next: use the one that is there; or, in the folder of the copy, mend it: sealenv move --here ."
        \return 1
    fi
    _sealenv_include=$_sealenv_here/etc/sealenv/env.sh
    if \[ ! -r "$_sealenv_include" ]; then
        _sealenv_say "sealenv: $_sealenv_include is missing." "  next: sealenv refresh PREFIX"
        \return 1
    fi
    \. "$_sealenv_include"
}

_sealenv_moved() {
    if \[ "$_sealenv_here" -ef "$_sealenv_prefix" ]; then
        \return 1
    fi
    _sealenv_say "sealenv: this environment was made at $_sealenv_prefix" \
        "  and was moved or copied by hand to $_sealenv_here: it would not work." \
        "  next: in that folder, mend it: sealenv move --here ." \
        "  or move it back to $_sealenv_prefix, or make it anew with: sealenv create"
}

_sealenv_pending() {
    if \[ ! -e "$_sealenv_here/conda-meta/sealenv.pending" ] &&
        \[ ! -L "$_sealenv_here/conda-meta/sealenv.pending" ]; then
        \return 1
    fi
    _sealenv_line=
    if \[ -f "$_sealenv_here/conda-meta/sealenv.pending" ] &&
        \[ -r "$_sealenv_here/conda-meta/sealenv.pending" ]; then
        IFS= \read -r _sealenv_line < "$_sealenv_here/conda-meta/sealenv.pending" || \:
    fi
    if \[ -n "$_sealenv_line" ] && \[ "$_sealenv_line" = "${SEALENV_CHECK_TOKEN-}" ]; then
        \return 1
    fi
    _sealenv_say "sealenv: $_sealenv_here was never finished: a create was interrupted, or is at work." \
        "  next: run the same sealenv create again, or: sealenv remove $_sealenv_quoted"
}

# A move that was ended half way: files hold two paths, wherever the environment lies now.
_sealenv_between() {
    if \[ ! -e "$_sealenv_here/conda-meta/sealenv.moving" ] || \[ -n "$_sealenv_inline" ]; then
        \return 1
    fi
    _sealenv_say "sealenv: a move of $_sealenv_here was ended half way: its files hold two paths." \
        "  next: in that folder, finish it: sealenv move --here ."
}

_sealenv_stale() {
    if \[ -n "$_sealenv_inline" ]; then \return 1; fi
    if \[ "$_sealenv_prefix/conda-meta/state" -nt "$_sealenv_include" ] ||
        \[ "$_sealenv_prefix/etc/conda/env_vars.d" -nt "$_sealenv_include" ]; then
        \return 0
    fi
    _sealenv_glob etc/conda/env_vars.d json newer
}

# Every file $1/*.$2 of the prefix in code-point order, whatever the locale and the shell's options:
# $3 is forward or backward (source each), or newer (is one newer than the include?).
_sealenv_glob() {
    if \[ "$_sealenv_shell" = zsh ]; then \eval '\emulate -L sh; \unsetopt null_glob csh_null_glob numeric_glob_sort no_case_glob'; fi
    _sealenv_undo=
    case $- in *f*) \set +f; _sealenv_undo='\set -f;' ;; esac
    case :${BASHOPTS-}: in *:failglob:*) \shopt -u failglob; _sealenv_undo="$_sealenv_undo \\shopt -s failglob;" ;; esac
    case ${GLOBSORT+set} in set) _sealenv_globsort=$GLOBSORT; GLOBSORT=; _sealenv_undo="$_sealenv_undo GLOBSORT=\$_sealenv_globsort;" ;; esac
    case ${LC_ALL+set} in
        set) _sealenv_lc_all=$LC_ALL; _sealenv_undo="$_sealenv_undo LC_ALL=\$_sealenv_lc_all" ;;
        *) _sealenv_undo="$_sealenv_undo \\unset LC_ALL" ;;
    esac
    LC_ALL=C
    _sealenv_how=$3
    \set -- "$_sealenv_prefix/$1/"*."$2"
    { \eval "$_sealenv_undo"; } 2>/dev/null
    if \[ "$_sealenv_how" = backward ]; then
        _sealenv_first=yes
        for _sealenv_file in "$@"; do
            if \[ -n "$_sealenv_first" ]; then \set -- "$_sealenv_file"; else \set -- "$_sealenv_file" "$@"; fi
            _sealenv_first=
        done
    fi
    for _sealenv_file in "$@"; do
        if \[ ! -f "$_sealenv_file" ] || \[ ! -r "$_sealenv_file" ]; then
            \continue
        fi
        case ${_sealenv_file##*/} in .*) \continue ;; esac
        if \[ "$_sealenv_how" != newer ]; then
            _sealenv_source || \:
        elif \[ "$_sealenv_file" -nt "$_sealenv_include" ]; then
            \return 0
        fi
    done
    \[ "$_sealenv_how" != newer ]
}

# A script of a package: in zsh with zsh's own options; nowhere with the user's aliases (a plain sh
# cannot turn them off), nor with nounset or errexit, which most cannot bear. (`. file || :` alone
# does not hold errexit off in dash.)
_sealenv_source() {
    if \[ "$_sealenv_shell" = zsh ]; then \eval '\emulate -L zsh; \unsetopt local_traps aliases'; fi
    _sealenv_flags=
    case $- in *u*) \set +u; _sealenv_flags='\set -u;' ;; esac
    case $- in *e*) \set +e; _sealenv_flags="$_sealenv_flags \\set -e;" ;; esac
    case :${BASHOPTS-}: in *:expand_aliases:*) \shopt -u expand_aliases; _sealenv_flags="$_sealenv_flags \\shopt -s expand_aliases;" ;; esac
    \. "$_sealenv_file" || \:
    \eval "$_sealenv_flags"
}

# What is variable $1, which has a value? plain: an exported text. special: exported, and an integer, in
# upper case, tied or the like. inner: no child sees it; it is not exported, or an array, or stands for
# another variable. (A plain sh cannot tell; a bash before 5 calls each exported one special.)
_sealenv_look() {
    _sealenv_kind=plain
    case $_sealenv_shell in
        zsh)
            \eval "_sealenv_kind=\${(t)$1}"
            case $_sealenv_kind in
                scalar-export) _sealenv_kind=plain ;;
                scalar*export* | integer*export* | float*export*) _sealenv_kind=special ;;
                *) _sealenv_kind=inner ;;
            esac
            ;;
        bash)
            if \[ "${BASH_VERSION%%.*}" -lt 5 ]; then
                _sealenv_kind=inner
                if \compgen -e -X "!$1" -- "$1" >/dev/null; then _sealenv_kind=special; fi
                \return 0
            fi
            if \[ ! -R "$1" ]; then \eval "_sealenv_kind=\${$1@a}"; fi
            case $_sealenv_kind in
                x) _sealenv_kind=plain ;;
                *[aA]*) _sealenv_kind=inner ;;
                *x*) _sealenv_kind=special ;;
                *) _sealenv_kind=inner ;;
            esac
            ;;
    esac
}

# Remember variable $1 as it is: set or not, value, what it is. (What is not set may be marked for export:
# bash shows that once it has a value, and it gets one now.)
_sealenv_keep() {
    case " $_sealenv_kept" in *" $1 "*) \return 0 ;; esac
    _sealenv_kept="$1 $_sealenv_kept"
    \eval "_sealenv_was_$1=\${$1+set} _sealenv_old_$1=\${$1-}"
    if \[ "$_sealenv_shell" = bash ]; then \eval "\\[ -n \"\$_sealenv_was_$1\" ] || $1="; fi
    _sealenv_look "$1"
    \eval "_sealenv_attr_$1=\$_sealenv_kind"
}

_sealenv_hide() {
    if \[ "$_sealenv_shell" = zsh ]; then \typeset -g +x "$1"; else \export -n "${1?}"; fi
}

# Can variable $1 be assigned? An assignment to a read-only one would end a plain sh, and half an
# activation would be left behind.
_sealenv_free() {
    if \[ "$_sealenv_shell" = zsh ]; then
        \eval "case \${(t)$1-} in *readonly*) \\return 1 ;; esac"
    elif \[ "$_sealenv_shell" = bash ]; then
        \local "$1"
    else
        # Only `read` may fail in a plain sh without ending it.
        \eval "_sealenv_was=\${$1+set} _sealenv_old=\${$1-}"
        \read -r "$1" < "$_sealenv_include" || \return 1
        if \[ -n "$_sealenv_was" ]; then \eval "$1=\$_sealenv_old"; else \unset "$1"; fi
    fi
}

# Before anything is changed: the names of all variables that will be, if only for a moment. (IFS comes
# first, and alone: the gate reads with one of its own.)
_sealenv_fixed() {
    if \[ -n "$_sealenv_inline$_sealenv_fresh" ]; then \return 1; fi
    _sealenv_found=
    if \[ -n "$1" ]; then
        _sealenv_try "$1" '' 2>/dev/null
    else
        _sealenv_only=check
        _sealenv_values 2>/dev/null
        _sealenv_only=
        _sealenv_try LC_ALL '' 2>/dev/null
        if \[ -n "${GLOBSORT+set}" ]; then _sealenv_try GLOBSORT '' 2>/dev/null; fi
        if _sealenv_shows; then _sealenv_try PS1 text 2>/dev/null; fi
    fi
    if \[ -z "$_sealenv_found" ]; then \return 1; fi
    _sealenv_say "sealenv: $_sealenv_name was not activated, because these variables hold no text or are read-only here:" \
        " $_sealenv_found" "Nothing was changed. For a clean shell open a new terminal, or run:" \
        "  sealenv shell --clean $_sealenv_quoted"
}

# Note variable $1 if it cannot be assigned; $2: if it would not take a text as it is, too.
_sealenv_try() {
    case "$_sealenv_found " in *" $1 "*) \return 0 ;; esac
    { \[ -z "$2" ] || _sealenv_text "$1"; } && _sealenv_free "$1" || _sealenv_found="$_sealenv_found $1"
}

# Is variable $1 none that changes a text, or keeps it from children: no array, no integer and the like?
_sealenv_text() {
    if \[ "$_sealenv_shell" = zsh ]; then
        \eval "case \${(t)$1-} in array* | association* | integer* | float* | *-left* | *-right* | *-lower* | *-upper*) \\return 1 ;; esac"
    elif \[ "$_sealenv_shell" = bash ] && \[ "${BASH_VERSION%%.*}" -ge 5 ]; then
        if \[ -R "$1" ]; then \return 1; fi
        \local -
        \set +u
        \eval "case \${$1@a} in *[aAilucn]*) \\return 1 ;; esac"
    fi
}

_sealenv_put() {
    if \[ -n "$_sealenv_only" ]; then
        _sealenv_try "$1" text
        \return 0
    fi
    _sealenv_keep "$1"
    \export "$1=$2"
}

# Take variable $1 out, where children would see it, until `deactivate`.
_sealenv_drop() {
    case $1 in
        __SEALENV_HONOURED_CASE__) \return 0 ;;
        PIP_*)
            _sealenv_rest=${1#PIP_}
            case ${_sealenv_rest#__} in __SEALENV_PIP_CASE__) ;; *) \return 0 ;; esac
            ;;
    esac
    \eval "\\[ -n \"\${$1+set}\" ]" || \return 0
    _sealenv_look "$1"
    if \[ "$_sealenv_kind" = inner ]; then \return 0; fi
    if \[ -n "$_sealenv_only" ]; then
        _sealenv_try "$1" ''
        \return 0
    fi
    _sealenv_keep "$1"
    # What is more than a text would not come back as it was.
    if \[ "$_sealenv_kind" = plain ]; then \unset "$1"; else _sealenv_hide "$1"; fi
}

# What other tools have left, and what would come before the environment's own settings. A plain sh
# cannot list its variables: there it is those that are named.
_sealenv_clear() {
    for _sealenv_item in __SEALENV_CLEARED__; do _sealenv_drop "$_sealenv_item"; done
    for _sealenv_item in __SEALENV_PATHS__; do
        \eval "_sealenv_line=\${$_sealenv_item-}"
        case $_sealenv_line in *[/\$~]*) _sealenv_drop "$_sealenv_item" ;; esac
    done
    case $_sealenv_shell in
        bash) \eval 'for _sealenv_item in __SEALENV_OF_BASH__; do _sealenv_drop "$_sealenv_item"; done' ;;
        zsh) \eval 'for _sealenv_item in __SEALENV_OF_ZSH__; do _sealenv_drop "$_sealenv_item"; done' ;;
        *) for _sealenv_item in __SEALENV_MEMBERS__; do _sealenv_drop "$_sealenv_item"; done ;;
    esac
}

_sealenv_restore() {
    while \[ -n "$_sealenv_kept" ]; do
        _sealenv_item=${_sealenv_kept%% *}
        _sealenv_kept=${_sealenv_kept#* }
        if \eval "\\[ -n \"\$_sealenv_was_$_sealenv_item\" ]"; then
            \eval "\\export \"$_sealenv_item=\$_sealenv_old_$_sealenv_item\""
            if \eval "\\[ \"\$_sealenv_attr_$_sealenv_item\" = inner ]"; then _sealenv_hide "$_sealenv_item"; fi
        else
            \unset "$_sealenv_item"
            if \[ "$_sealenv_shell" = bash ] && \eval "\\[ \"\$_sealenv_attr_$_sealenv_item\" != inner ]"; then
                \export "${_sealenv_item?}"
            fi
        fi
        \unset "_sealenv_was_$_sealenv_item" "_sealenv_old_$_sealenv_item" "_sealenv_attr_$_sealenv_item"
    done
}

_sealenv_path() {
    _sealenv_rest=:${PATH-}:
    while \:; do
        case $_sealenv_rest in
            *":$_sealenv_prefix/bin:"*)
                _sealenv_rest=${_sealenv_rest%%":$_sealenv_prefix/bin:"*}:${_sealenv_rest#*":$_sealenv_prefix/bin:"}
                ;;
            *) \break ;;
        esac
    done
    _sealenv_rest=${_sealenv_rest#:}
    _sealenv_rest=${_sealenv_rest%:}
    _sealenv_put PATH "$_sealenv_prefix/bin${_sealenv_rest:+:$_sealenv_rest}"
}

_sealenv_shows() {
    case $- in *i*) ;; *) \return 1 ;; esac
    case ${CONDA_CHANGEPS1-} in [Ff][Aa][Ll][Ss][Ee] | [Nn][Oo] | [Oo][Ff][Ff] | 0) \return 1 ;; esac
    \[ -z "${SEALENV_NO_PROMPT-}" ]
}

_sealenv_values() {
    _sealenv_clear
    _sealenv_variables
    _sealenv_path
    _sealenv_put CONDA_PREFIX "$_sealenv_prefix"
    _sealenv_put CONDA_SHLVL 1
    _sealenv_put CONDA_DEFAULT_ENV "$_sealenv_name"
    _sealenv_put CONDA_PROMPT_MODIFIER "($_sealenv_name) "
    _sealenv_put MAMBA_ROOT_PREFIX "$_sealenv_prefix"
    _sealenv_put PYTHONNOUSERSITE 1
    _sealenv_put SEALENV_PREFIX "$_sealenv_prefix"
    # No pip.conf, and no .condarc or .mambarc but the environment's own.
    _sealenv_put PIP_CONFIG_FILE /dev/null
    if \[ -f "$_sealenv_prefix/.condarc" ]; then
        _sealenv_put CONDARC "$_sealenv_prefix/.condarc"
        _sealenv_put MAMBARC "$_sealenv_prefix/.condarc"
    fi
    # Which programs the hooks of conda and mamba start.
    if \[ -f "$_sealenv_prefix/bin/conda" ]; then
        _sealenv_put CONDA_EXE "$_sealenv_prefix/bin/conda"
        _sealenv_put CONDA_PYTHON_EXE "$_sealenv_prefix/bin/python"
    fi
    if \[ -f "$_sealenv_prefix/bin/mamba" ]; then
        _sealenv_put MAMBA_EXE "$_sealenv_prefix/bin/mamba"
    fi
}

_sealenv_main() {
    if \[ "$_sealenv_shell" = zsh ]; then \eval '\emulate -L sh'; fi
    _sealenv_locate || \return 1
    if _sealenv_fixed IFS; then \return 1; fi
    _sealenv_gate || \return 1
    if _sealenv_pending; then \return 1; fi
    if _sealenv_between; then \return 1; fi
    if _sealenv_moved; then \return 1; fi
    if _sealenv_fixed ''; then \return 1; fi
    if _sealenv_stale; then
        _sealenv_say "sealenv: the variables of this environment changed after its scripts were made." \
            "  next: sealenv refresh $_sealenv_quoted"
    fi
    _sealenv_values
    if _sealenv_shows; then
        _sealenv_ps1_was=was${PS1+set}
        _sealenv_ps1=${PS1-}
        PS1=$_sealenv_shown${PS1-}
    fi
    _sealenv_aside
    _sealenv_glob etc/conda/activate.d sh forward
    \hash -r 2>/dev/null || \:
}

# Take back everything of ours that a shell can list.
_sealenv_forget() {
    \unset -f _sealenv_say _sealenv_find _sealenv_shadowed _sealenv_above _sealenv_inside _sealenv_copied _sealenv_pip _sealenv_left _sealenv_gate _sealenv_locate _sealenv_moved _sealenv_pending _sealenv_between \
        _sealenv_stale _sealenv_glob _sealenv_source _sealenv_free _sealenv_fixed _sealenv_look _sealenv_keep _sealenv_hide _sealenv_try _sealenv_text _sealenv_put _sealenv_drop _sealenv_clear \
        _sealenv_restore _sealenv_path _sealenv_shows _sealenv_values _sealenv_aside _sealenv_give_back _sealenv_main _sealenv_forget
    \unset -f _sealenv_variables _sealenv_deactivate 2>/dev/null || \:
    \set -- "$_sealenv_allexport"
    \unset _sealenv_alias _sealenv_allexport _sealenv_carried _sealenv_file _sealenv_first _sealenv_flags _sealenv_found _sealenv_fresh _sealenv_function \
        _sealenv_globsort _sealenv_here _sealenv_how _sealenv_include _sealenv_inline _sealenv_item _sealenv_kept _sealenv_kind \
        _sealenv_lc_all _sealenv_line _sealenv_name _sealenv_old _sealenv_only _sealenv_prefix _sealenv_ps1 _sealenv_ps1_was \
        _sealenv_parent _sealenv_pid _sealenv_quoted _sealenv_rest _sealenv_self _sealenv_shell _sealenv_shown _sealenv_sourced \
        _sealenv_undo _sealenv_value _sealenv_was
    if \[ -n "$1" ]; then \set -a; fi
}

# Keep a `deactivate` of the user's own until ours is done: an alias, in zsh a function too. (bash shows
# the text of a function to a process alone, a plain sh neither.)
_sealenv_aside() {
    case $_sealenv_shell${BASH_VERSION-} in
        zsh*) \eval '_sealenv_function=${functions[deactivate]+.}${functions[deactivate]-} _sealenv_alias=${aliases[deactivate]+.}${aliases[deactivate]-}' ;;
        bash[123].*) ;;
        bash*) \eval '_sealenv_alias=${BASH_ALIASES[deactivate]+.}${BASH_ALIASES[deactivate]-}' ;;
    esac
}

_sealenv_give_back() {
    if \[ -n "${_sealenv_function-}" ]; then
        \eval '\setopt local_options no_aliases; functions[deactivate]=${_sealenv_function#.}'
    fi
    if \[ -n "${_sealenv_alias-}" ]; then \alias "deactivate=${_sealenv_alias#.}"; fi
}

_sealenv_deactivate() {
    if \[ "$_sealenv_shell" = zsh ]; then \eval '\emulate -L sh'; fi
    case $- in *a*) \set +a; _sealenv_allexport=yes ;; *) _sealenv_allexport= ;; esac
    _sealenv_glob etc/conda/deactivate.d sh backward
    _sealenv_restore
    case ${_sealenv_ps1_was-} in wasset) PS1=$_sealenv_ps1 ;; was) \unset PS1 ;; esac
    \hash -r 2>/dev/null || \:
}

if \[ -z "$_sealenv_sourced$_sealenv_inline" ]; then
    _sealenv_say "sealenv: activate.sh has to be sourced, not run:   . $_sealenv_self" \
        "To run one command in the environment: sealenv run PREFIX -- COMMAND"
    \exit 1
fi
if _sealenv_main; then
    \unalias deactivate 2>/dev/null || \:
    \eval 'deactivate() { _sealenv_deactivate; \unset -f deactivate; _sealenv_give_back; _sealenv_forget; }'
    if \[ -n "$_sealenv_allexport" ]; then \set -a; fi
else
    _sealenv_forget
    \return 1
fi
