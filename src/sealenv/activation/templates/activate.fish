# Activate this environment in fish (3.1 or newer):   source PREFIX/activate.fish
#
# It starts no process and writes no file. From top to bottom: find the environment, refuse what must not
# be activated, set the variables (listed in etc/sealenv/env.fish), run the scripts of the packages.
# `deactivate` gives everything back.

# --- Find the environment.
set -l here (builtin realpath (status filename) | string replace -r '/[^/]*$' '')
set -l prefix __SEALENV_PREFIX__
set -l refusal

# --- Refuse an environment that is moved or unfinished, and a shell that is not clean.
# One variable of the gate: name, what it means and how to clear it, values that mean nothing.
function _sealenv_check --no-scope-shadowing
    set -l value "$$argv[1]"
    test -z "$value"; or contains -- (string lower -- $value) $argv[3..-1]
    or set -a refusal "  $argv[1]=$value: $argv[2]"
end

set -l token
test -s $here/conda-meta/sealenv.pending
and read token <$here/conda-meta/sealenv.pending
set -l conda
test -d "$CONDA_PREFIX"
and set conda (builtin realpath $CONDA_PREFIX)
set -l active
if not test -r $here/etc/sealenv/env.fish
    set refusal "sealenv: $here/etc/sealenv/env.fish is missing." "  next: sealenv repair $here"
else if test -e $here/conda-meta/sealenv.pending; and test -z "$token" -o "x$token" != "x$SEALENV_CHECK_TOKEN"
    set refusal "sealenv: $here was never finished: a create was interrupted, or is running." \
        "  next: run the same sealenv create again, or: sealenv remove $here"
else if test -e $here/conda-meta/sealenv.moving
    set refusal "sealenv: a move of $here was ended half way: its files hold two paths." \
        "  next: in that folder: sealenv move --here ."
else if test "$here" != $prefix
    set refusal "sealenv: this environment was made at $prefix" \
        "  and was moved or copied by hand to $here: it would not work." \
        "  next: in that folder: sealenv move --here .   Or move it back to $prefix"
else
    if test "$conda" = $prefix; and contains -- "$SEALENV_PREFIX" '' $prefix
        set active yes
        contains -- "$PATH[1]" $prefix/bin $CONDA_PREFIX/bin
        or set refusal "  This environment is active, but PATH does not begin with its bin."
    else
        __SEALENV_GATE__
        for folder in $PATH
            set -l other (string replace -r '/bin$' '' -- $folder)
            if test -d $other/conda-meta -o -f $other/pyvenv.cfg; and test $other != $prefix
                set -a refusal "  PATH=$folder: "__SEALENV_ON_PATH__
            end
        end
    end
    if set -q refusal[1]
        set -l name (string replace -r '.*/' '' -- $prefix)
        set refusal "sealenv: this shell is not clean, so $name was not activated:" $refusal \
            "  next: open a new terminal, or: sealenv shell --clean $prefix"
    end
end
functions -e _sealenv_check
if set -q refusal[1]
    printf '%s\n' $refusal >&2
    return 1
end
functions -q _sealenv_put # this shell has activated it, and has its `deactivate`
and return 0

# --- Set a variable, and keep its old value. Where the environment is active already, nothing is set, and
# `deactivate` erases the variables.
function _sealenv_put -a name
    set -ga _sealenv_names $name
    set -q _sealenv_active
    and return
    set -qg $name
    and set -g _sealenv_old_$name $$name
    set -gx $name $argv[2..-1]
end

function _sealenv_source
    for file in $argv
        source $file
        or printf '%s\n' "sealenv: $file failed with exit code $status" >&2
    end
end

# --- Leave: run deactivate.d backwards, give back the variables and the prompt.
function deactivate --description 'Leave the sealenv environment'
    set -l scripts __SEALENV_PREFIX__/etc/conda/deactivate.d/*.fish
    _sealenv_source $scripts[-1..1]
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
    functions -e deactivate _sealenv_put _sealenv_source _sealenv_fish_prompt
    set -eg _sealenv_active
    set -eg _sealenv_names
end

# --- Activate: the variables in the order of CEP 32, the prompt, the scripts of the packages.
if test -n "$active"
    set -g _sealenv_active yes
    set -g _sealenv_old_PATH $PATH[2..-1]
end
source $prefix/etc/sealenv/env.fish
test -n "$active"
and return 0
# The functions of a hook start the conda or mamba of another environment.
functions -e conda mamba micromamba
if status is-interactive; and test -z "$SEALENV_NO_PROMPT"; and functions -q fish_prompt
    and not string match -qir '^(false|no|off|0)$' -- "$CONDA_CHANGEPS1"
    functions -c fish_prompt _sealenv_fish_prompt
    function fish_prompt
        set -l text (_sealenv_fish_prompt)
        printf '%s' __SEALENV_SHOWN__
        string join -- \n $text
    end
end
set -l scripts $prefix/etc/conda/activate.d/*.fish
_sealenv_source $scripts
true
