# sealenv activation for fish (3.1 or newer). Source it:   source PREFIX/activate.fish
#
# Static: it starts no process (command substitution of builtins does not, in fish) and writes no
# file. What differs between environments is in etc/sealenv/env.fish, compiled by sealenv.

# An environment of ours is active in this very shell: its state is what `deactivate` lives on, so that
# nothing of it may be touched from here on.
if set -q _sealenv_kept; and functions -q _sealenv_forget
    builtin printf '%s\n' "sealenv: this shell is not clean, so nothing was activated:" \
        "  CONDA_PREFIX=$_sealenv_prefix" "      a conda environment is active here" \
        "      to clear it: deactivate" \
        "Nothing was changed. For another environment open a new terminal." >&2
    return 1
end

function _sealenv_say
    builtin printf '%s\n' $argv >&2
end

# One finding of the gate: name, the values that are harmless, what it is, how to clear it.
function _sealenv_find
    set -l names $argv[1]
    # pip takes a name in any case, and with two more underscores.
    builtin string match -q 'PIP_*' -- $argv[1]
    and set names (builtin string match -r (builtin string replace -- PIP_ '^PIP_(?i:(?:__)?' $argv[1])')$' -- $_sealenv_pip)
    for name in $names
        set -q $name
        or continue
        set -l value "$$name"
        if builtin test -n "$value"; and not builtin contains -- (builtin string lower -- $value) (builtin string split ' ' -- $argv[2])
            _sealenv_tell $name $value $argv[3] (builtin string replace -- $argv[1] $name $argv[4])
        end
    end
    return 0
end

# Has an activation set $argv[1], to the .condarc of its environment? Whoever only took SEALENV_PREFIX away
# is a child of it.
function _sealenv_left
    set -q $argv[1]
    or return 0
    set -l value "$$argv[1]"
    set -l folder (builtin string replace -rf '/\.condarc$' '' -- $value)
    if builtin test "$_sealenv_found" != inside -a -n "$folder" -a -f "$folder/conda-meta/sealenv"
        _sealenv_tell $argv[1] $value __SEALENV_LEFT_BY_OURS__ $argv[2]
    end
    return 0
end

# Show one: name, value, what it is, how to clear it. A control character is shown as a question mark: it
# could be a word to the terminal.
function _sealenv_tell
    set -q _sealenv_found
    or _sealenv_say "sealenv: this shell is not clean, so $_sealenv_name was not activated:"
    set -q _sealenv_found
    or set -g _sealenv_found yes
    builtin contains -- $argv[1] SEALENV_PREFIX ancestor CONDARC MAMBARC
    and set -g _sealenv_found inside
    _sealenv_say "  $argv[1]="(builtin string replace -ra '[\x00-\x1f\x7f\x{80}-\x{9f}]' '?' -- $argv[2]) \
        "      $argv[3]" "      to clear it: $argv[4]"
end

# Was this shell, or a process above it, started inside an environment of ours? (Linux alone.) What it
# was started with says so, which no process changes by unsetting a variable.
# Where `sealenv shell` has started this shell it has looked already.
function _sealenv_above
    set -q _sealenv_fresh
    and builtin test "$_sealenv_fresh" = $fish_pid
    and return 0
    set -l pid $fish_pid
    while builtin test -n "$pid" -a -r "/proc/$pid/status"
        builtin test "$pid" -gt 1
        or return 0
        # In two steps: what comes out of a pipe would be split at the line breaks of a value.
        set -l block
        builtin test -r /proc/$pid/environ
        and set block (builtin string split0 </proc/$pid/environ 2>/dev/null)
        if builtin string match -qr -- '^SEALENV_(PREFIX|INSIDE)=/' $block
            _sealenv_tell ancestor "process $pid" __SEALENV_ANCESTOR__
            return 0
        end
        set pid (builtin string replace -rf '^PPid:\s*' '' </proc/$pid/status)
    end
end

function _sealenv_gate
    set -g _sealenv_pip (set -n | builtin string match 'PIP_*')
    __SEALENV_GATE__
    __SEALENV_RC_FILES__
    __SEALENV_SHADOWS__
    _sealenv_above
    set -q _sealenv_found
    or return 0
    if builtin test "$_sealenv_found" = inside
        _sealenv_say "Nothing was changed. For another environment open a new terminal."
    else
        _sealenv_say "Nothing was changed. For a clean shell open a new terminal, or run:" \
            "  sealenv shell --clean $_sealenv_quoted"
    end
    return 1
end

# $argv[1] is what fish says this file is called.
function _sealenv_locate
    set -g _sealenv_here __SEALENV_PREFIX__
    if builtin test -f "$argv[1]"
        set -l folder .
        builtin string match -q '*/*' -- $argv[1]
        and set folder (builtin string replace -r '/[^/]*$' '' -- $argv[1])/
        set -g _sealenv_here (builtin realpath -- $folder 2>/dev/null; or builtin realpath $folder)
        # A link to the script alone: the recorded path has the same file.
        set -l carried __SEALENV_PREFIX__
        not builtin test -d $_sealenv_here/conda-meta
        and builtin test (builtin realpath $argv[1]) = (builtin realpath $carried/activate.fish)
        and set -g _sealenv_here (builtin realpath $carried)
    end
    if not builtin test -d $_sealenv_here/conda-meta
        _sealenv_say "sealenv: there is no environment at $_sealenv_here: it was moved or removed." \
            "  next: in the folder where it is now, mend it: sealenv move --here ." \
            "  or move it back to "__SEALENV_PREFIX__", or make it anew with: sealenv create"
        return 1
    end
    set -g _sealenv_include $_sealenv_here/etc/sealenv/env.fish
    if not builtin test -r $_sealenv_include
        _sealenv_say "sealenv: $_sealenv_include is missing." "  next: sealenv refresh PREFIX"
        return 1
    end
    builtin source $_sealenv_include
end

function _sealenv_refused
    set -l marker $_sealenv_here/conda-meta/sealenv.pending
    if builtin test -e $marker -o -L $marker
        set -l line
        builtin test -f $marker -a -r $marker
        and builtin read -l line <$marker
        if builtin test -z "$line" -o "x$line" != "x$SEALENV_CHECK_TOKEN"
            _sealenv_say "sealenv: $_sealenv_here was never finished: a create was interrupted, or is at work." \
                "  next: run the same sealenv create again, or: sealenv remove $_sealenv_quoted"
            return 0
        end
    end
    if builtin test -e $_sealenv_here/conda-meta/sealenv.moving
        _sealenv_say "sealenv: a move of $_sealenv_here was ended half way: its files hold two paths." \
            "  next: in that folder, finish it: sealenv move --here ."
        return 0
    end
    if builtin test "x$_sealenv_here" != "x$_sealenv_prefix"
        _sealenv_say "sealenv: this environment was made at $_sealenv_prefix" \
            "  and was moved or copied by hand to $_sealenv_here: it would not work." \
            "  next: in that folder, mend it: sealenv move --here ." \
            "  or move it back to $_sealenv_prefix, or make it anew with: sealenv create"
        return 0
    end
    return 1
end

function _sealenv_stale
    for file in $_sealenv_prefix/conda-meta/state $_sealenv_prefix/etc/conda/env_vars.d \
            $_sealenv_prefix/etc/conda/env_vars.d/*.json
        if builtin test $file -nt $_sealenv_include 2>/dev/null
            _sealenv_say "sealenv: the variables of this environment changed after its scripts were made." \
                "  next: sealenv refresh $_sealenv_quoted"
            return 0
        end
    end
end

# Is the first text before the second in code-point order? (fish's own order ignores case.)
function _sealenv_before
    set -l one (builtin string split '' -- $argv[1])
    set -l two (builtin string split '' -- $argv[2])
    while set -q one[1]; and set -q two[1]
        if builtin test "x$one[1]" != "x$two[1]"
            builtin test (builtin printf '%d' "'$one[1]") -lt (builtin printf '%d' "'$two[1]")
            return
        end
        set -e one[1]
        set -e two[1]
    end
    not set -q one[1]
end

# The scripts of $argv[1] (activate or deactivate) in code-point order.
function _sealenv_scripts
    set -l folder $_sealenv_prefix/etc/conda/$argv[1].d
    set -l found $folder/*.fish
    set -l sorted
    for name in (builtin string replace -- $folder/ '' $found)
        set -l head
        set -l rest
        for other in $sorted
            if set -q rest[1]; or _sealenv_before $name $other
                set rest $rest $other
            else
                set head $head $other
            end
        end
        set sorted $head $name $rest
    end
    for name in $sorted
        builtin test -f $folder/$name -a -r $folder/$name
        and builtin printf '%s\n' $folder/$name
    end
end

# Remember the global variable $argv[1]: set or not, its list, exported or not.
function _sealenv_keep
    builtin contains -- $argv[1] $_sealenv_kept
    and return 0
    set -g _sealenv_kept $_sealenv_kept $argv[1]
    if set -qg $argv[1]
        set -g _sealenv_old_$argv[1] $$argv[1]
        set -qgx $argv[1]
        and set -g _sealenv_exported_$argv[1] yes
    end
    return 0
end

function _sealenv_put
    _sealenv_keep $argv[1]
    set -gx $argv[1] $argv[2]
end

# Take the variable $argv[1] out, where it is set, until `deactivate`.
function _sealenv_drop
    set -q $argv[1]
    or return 0
    builtin contains -- $argv[1] __SEALENV_HONOURED__
    and return 0
    _sealenv_keep $argv[1]
    set -eg $argv[1]
    # A universal one is hidden, since it is of every fish.
    set -q $argv[1]
    and set -gu $argv[1]
    return 0
end

# What other tools have left, and what would come before the environment's own settings.
function _sealenv_clear
    for name in __SEALENV_CLEARED__ (set -nx | builtin string match -r '__SEALENV_PATTERN__')
        _sealenv_drop $name
    end
    for name in __SEALENV_PATHS__
        builtin string match -qr '[/$~]' -- "$$name"
        and _sealenv_drop $name
    end
end

function _sealenv_restore
    for name in $_sealenv_kept
        set -l old _sealenv_old_$name
        set -l exported _sealenv_exported_$name
        if set -q $exported
            set -gx $name $$old
        else if set -q $old
            set -gu $name $$old
        else
            set -eg $name
        end
        set -eg $old
        set -eg $exported
    end
end

function _sealenv_path
    _sealenv_keep PATH
    set -l rest
    for entry in $PATH
        builtin test "x$entry" != "x$_sealenv_prefix/bin"
        and set rest $rest $entry
    end
    set -gx PATH $_sealenv_prefix/bin $rest
end

function _sealenv_status
    return $argv[1]
end

function _sealenv_prompt
    status is-interactive
    or return 0
    builtin string match -qir '^(false|no|off|0)$' -- "$CONDA_CHANGEPS1"
    and return 0
    builtin test -z "$SEALENV_NO_PROMPT"
    or return 0
    functions -q fish_prompt
    or return 0
    functions -c fish_prompt _sealenv_fish_prompt
    functions -e fish_prompt
    function fish_prompt
        set -l last $status
        builtin printf '%s' $_sealenv_shown
        _sealenv_status $last
        _sealenv_fish_prompt
    end
end

function _sealenv_main
    _sealenv_locate $argv[1]
    or return 1
    _sealenv_gate
    or return 1
    _sealenv_refused
    and return 1
    _sealenv_stale
    _sealenv_clear
    _sealenv_variables
    _sealenv_path
    _sealenv_put CONDA_PREFIX $_sealenv_prefix
    _sealenv_put CONDA_SHLVL 1
    _sealenv_put CONDA_DEFAULT_ENV $_sealenv_name
    _sealenv_put CONDA_PROMPT_MODIFIER "($_sealenv_name) "
    _sealenv_put MAMBA_ROOT_PREFIX $_sealenv_prefix
    _sealenv_put PYTHONNOUSERSITE 1
    _sealenv_put SEALENV_PREFIX $_sealenv_prefix
    # No pip.conf, and no .condarc or .mambarc but the environment's own.
    _sealenv_put PIP_CONFIG_FILE /dev/null
    if builtin test -f $_sealenv_prefix/.condarc
        _sealenv_put CONDARC $_sealenv_prefix/.condarc
        _sealenv_put MAMBARC $_sealenv_prefix/.condarc
    end
    # Which programs the hooks of conda and mamba start.
    if builtin test -f $_sealenv_prefix/bin/conda
        _sealenv_put CONDA_EXE $_sealenv_prefix/bin/conda
        _sealenv_put CONDA_PYTHON_EXE $_sealenv_prefix/bin/python
    end
    if builtin test -f $_sealenv_prefix/bin/mamba
        _sealenv_put MAMBA_EXE $_sealenv_prefix/bin/mamba
    end
    _sealenv_prompt
end

# Take back everything of ours that a shell can list.
function _sealenv_forget
    for name in file found here include kept name pip prefix quoted shown
        set -eg _sealenv_$name
    end
    functions -e _sealenv_say _sealenv_find _sealenv_tell _sealenv_left _sealenv_above _sealenv_gate _sealenv_locate _sealenv_refused \
        _sealenv_stale _sealenv_before _sealenv_scripts _sealenv_keep _sealenv_put _sealenv_drop _sealenv_clear _sealenv_restore \
        _sealenv_path _sealenv_status _sealenv_prompt _sealenv_main _sealenv_variables _sealenv_forget
end

if not _sealenv_main (status filename)
    _sealenv_forget
    return 1
end
if functions -q deactivate
    functions -c deactivate _sealenv_deactivate
    functions -e deactivate
end
function deactivate --description 'Leave the sealenv environment'
    set -l scripts (_sealenv_scripts deactivate)
    for file in $scripts[-1..1]
        builtin source $file
    end
    _sealenv_restore
    if functions -q _sealenv_fish_prompt
        functions -e fish_prompt
        functions -c _sealenv_fish_prompt fish_prompt
        functions -e _sealenv_fish_prompt
    end
    functions -e deactivate
    if functions -q _sealenv_deactivate
        functions -c _sealenv_deactivate deactivate
        functions -e _sealenv_deactivate
    end
    _sealenv_forget
end
# Here and not in a function, so that a script's variables are global without -g.
for _sealenv_file in (_sealenv_scripts activate)
    builtin source $_sealenv_file
end
set -e _sealenv_file
builtin true
