# Activate this environment in fish (3.1 or newer):   source PREFIX/activate.fish
#
# It starts no process and writes no file. From top to bottom: find the environment, refuse what must not
# be activated, set the variables, run the scripts of the packages, leave with `deactivate`. The path and
# the variables of this environment are in etc/sealenv/env.fish.

# --- Find the environment.
set -l here (builtin realpath (status filename) | string replace -r '/[^/]*$' '')
# `deactivate` of an environment that this shell has activated needs the names below as they are.
if set -q _sealenv_names; and functions -q _sealenv_put
    test "$here" = "$_sealenv_prefix" -a "$PATH[1]" = "$_sealenv_prefix/bin"
    and return 0
    printf '%s\n' "sealenv: this shell is not clean. CONDA_PREFIX=$CONDA_PREFIX: a conda environment is active here." \
        "  next: deactivate, or open a new terminal" >&2
    return 1
end

# --- Refuse an environment that is moved or unfinished, and a shell that is not clean.
function _sealenv_refused -a here
    set -g _sealenv_names
    if not test -r $here/etc/sealenv/env.fish
        _sealenv_say "sealenv: $here/etc/sealenv/env.fish is missing: the environment was moved or removed." \
            "  next: in its folder: sealenv move --here .   Or, if it was not moved: sealenv refresh PREFIX"
        return 0
    end
    source $here/etc/sealenv/env.fish
    set -l token
    test -e $here/conda-meta/sealenv.pending
    and read -l token <$here/conda-meta/sealenv.pending
    if test -e $here/conda-meta/sealenv.pending; and test -z "$token" -o "x$token" != "x$SEALENV_CHECK_TOKEN"
        _sealenv_say "sealenv: $here was never finished: a create was interrupted, or is running." \
            "  next: run the same sealenv create again, or: sealenv remove $here"
    else if test -e $here/conda-meta/sealenv.moving
        _sealenv_say "sealenv: a move of $here was ended half way: its files hold two paths." \
            "  next: in that folder: sealenv move --here ."
    else if test "$here" != "$_sealenv_prefix"
        _sealenv_say "sealenv: this environment was made at $_sealenv_prefix" \
            "  and was moved or copied by hand to $here: it would not work." \
            "  next: in that folder: sealenv move --here .   Or move it back to $_sealenv_prefix"
    else if _sealenv_is_active; and test -d "$PATH[1]"; and test (builtin realpath $PATH[1]) = $_sealenv_prefix/bin
        set -g _sealenv_active yes
        return 1
    else
        _sealenv_gate
    end
end

function _sealenv_is_active
    for value in "$CONDA_PREFIX" (test -n "$SEALENV_PREFIX"; and echo $SEALENV_PREFIX)
        test -d "$value"; and test (builtin realpath $value) = $_sealenv_prefix
        or return 1
    end
end

function _sealenv_gate
    set -g _sealenv_found
    __SEALENV_GATE__
    for folder in $PATH
        set -l other (string replace -r '/bin$' '' -- $folder)
        if test -d $other/conda-meta -o -f $other/pyvenv.cfg; and test $other != $_sealenv_prefix
            set -a _sealenv_found "  PATH=$folder: "__SEALENV_ON_PATH__
        end
    end
    set -q _sealenv_found[1]
    or return 1
    _sealenv_is_active
    and set -a _sealenv_found "  This environment is active, but PATH does not begin with its bin."
    _sealenv_say "sealenv: this shell is not clean, so $_sealenv_name was not activated:" $_sealenv_found \
        "  next: open a new terminal, or: sealenv shell --clean $_sealenv_prefix"
end

# One variable of the gate: name, what it means and how to clear it, values that mean nothing.
function _sealenv_check -a name text
    set -l value "$$name"
    test -z "$value"; or contains -- (string lower -- $value) $argv[3..-1]
    or set -a _sealenv_found "  $name=$value: $text"
end

function _sealenv_status
    return $argv[1]
end

function _sealenv_say
    printf '%s\n' $argv >&2
end

# --- Set a variable, and keep its old value. Where the environment is active already, nothing is set, and
# `deactivate` erases the variables.
function _sealenv_put -a name
    set -a _sealenv_names $name
    set -q _sealenv_active
    and return
    set -qg $name
    and set -g _sealenv_old_$name $$name
    set -gx $name $argv[2..-1]
end

function _sealenv_forget
    functions -e _sealenv_refused _sealenv_is_active _sealenv_gate _sealenv_check _sealenv_say \
        _sealenv_put _sealenv_status _sealenv_variables _sealenv_fish_prompt _sealenv_forget
    for name in prefix name shown names active found
        set -eg _sealenv_$name
    end
end

if _sealenv_refused $here
    _sealenv_forget
    return 1
end

# --- Leave: run deactivate.d backwards, give back the variables and the prompt.
function deactivate --description 'Leave the sealenv environment'
    set -l scripts $_sealenv_prefix/etc/conda/deactivate.d/*.fish
    for file in $scripts[-1..1]
        source $file
        or _sealenv_say "sealenv: $file failed with exit code $status"
    end
    for name in $_sealenv_names
        set -l old _sealenv_old_$name
        set -eg $name
        set -q $old
        and set -gx $name $$old
        set -eg $old
    end
    if functions -q _sealenv_fish_prompt
        functions -e fish_prompt
        functions -c _sealenv_fish_prompt fish_prompt
    end
    functions -e deactivate
    _sealenv_forget
end

# --- Activate: the variables in the order of CEP 32.
_sealenv_variables
_sealenv_put PATH $_sealenv_prefix/bin $PATH
_sealenv_put CONDA_PREFIX $_sealenv_prefix
_sealenv_put CONDA_SHLVL 1
_sealenv_put CONDA_DEFAULT_ENV $_sealenv_name
_sealenv_put CONDA_PROMPT_MODIFIER "($_sealenv_name) "
_sealenv_put MAMBA_ROOT_PREFIX $_sealenv_prefix
_sealenv_put PYTHONNOUSERSITE 1
_sealenv_put SEALENV_PREFIX $_sealenv_prefix
_sealenv_put PIP_CONFIG_FILE /dev/null
if test -f $_sealenv_prefix/.condarc
    _sealenv_put CONDARC $_sealenv_prefix/.condarc
    _sealenv_put MAMBARC $_sealenv_prefix/.condarc
end
if test -f $_sealenv_prefix/bin/conda
    _sealenv_put CONDA_EXE $_sealenv_prefix/bin/conda
    _sealenv_put CONDA_PYTHON_EXE $_sealenv_prefix/bin/python
end
if test -f $_sealenv_prefix/bin/mamba
    _sealenv_put MAMBA_EXE $_sealenv_prefix/bin/mamba
end
if set -q _sealenv_active
    set -g _sealenv_old_PATH $PATH[2..-1]
    return 0
end
# The functions of a hook start the conda or mamba of another environment.
functions -e conda mamba micromamba
if status is-interactive; and test -z "$SEALENV_NO_PROMPT"; and functions -q fish_prompt
    if not string match -qir '^(false|no|off|0)$' -- "$CONDA_CHANGEPS1"
        functions -c fish_prompt _sealenv_fish_prompt
        function fish_prompt
            set -l last $status
            printf '%s' $_sealenv_shown
            _sealenv_status $last
            _sealenv_fish_prompt
        end
    end
end
for file in $_sealenv_prefix/etc/conda/activate.d/*.fish
    source $file
    or _sealenv_say "sealenv: $file failed with exit code $status"
end
true
