# Activate this environment in fish (3.1 or newer):   source PREFIX/activate.fish
#
# It starts no process and writes no file. From top to bottom: find the environment, refuse what must not
# be activated, set the variables (listed in etc/sealenv/env.fish), run the scripts of the packages.
# `deactivate` gives back what this script has changed.

# --- Find the environment.
set -l here (builtin realpath (status filename) | string replace -r '/[^/]*$' '')
set -l prefix __SEALENV_PREFIX__
set -l found
set -l refusal

# --- Refuse an environment that is unfinished or moved, and a shell that is not clean.
# One variable of the gate: name, what it means and how to clear it, values that mean nothing.
function _sealenv_check --no-scope-shadowing
    set -l value "$$argv[1]"
    test -z "$value"; or contains -- (string lower -- $value) $argv[3..-1]
    or set -a found "  $argv[1]=$value: $argv[2]"
end

set -l active
test -n "$CONDA_PREFIX"; and contains -- $prefix (builtin realpath $CONDA_PREFIX 2>/dev/null)
and contains -- "$SEALENV_PREFIX" '' $prefix
and set active yes
if test -z "$active"
    __SEALENV_GATE__
end
functions -e _sealenv_check
# The folders on PATH: which has a Python first, and does one belong to another environment?
set -l first
for folder in $PATH
    set -l root (string replace -r '/bin$' '' -- $folder)
    if test -n "$root"; and contains -- $prefix (builtin realpath $root 2>/dev/null)
        set -a first own
    else if test -d $root/conda-meta -o -f $root/pyvenv.cfg
        set -a found "  PATH=$folder: "__SEALENV_ON_PATH__
    else if test -e $folder/python -o -e $folder/python3
        set -a first another
    end
end
if test -n "$active" -a "$first[1]" != own
    # A shell inside the active one, as of tmux or fish -l, has no `deactivate`.
    set -l clear 'set -e CONDA_PREFIX CONDA_SHLVL SEALENV_PREFIX'
    set -q _sealenv_names; and set clear deactivate
    set -a found "  PATH=$PATH: this environment is active, but its programs do not come first; to clear it: $clear   Then activate it again."
end
if test -e $here/conda-meta/sealenv.pending -o -e $here/conda-meta/sealenv.moving
    set refusal "sealenv: $here is unfinished: a create or a move was interrupted, or is running." \
        "  next: run the same sealenv create or move again, or in that folder: sealenv move --here ."
else if test $here != $prefix
    set refusal "sealenv: this environment was made at $prefix" \
        "  and was moved or copied by hand to $here: it would not work." \
        "  next: in that folder: sealenv move --here .   Or move it back to $prefix"
else if not test -r $here/etc/sealenv/env.fish
    set refusal "sealenv: $here/etc/sealenv/env.fish is missing." "  next: sealenv repair $here"
else if set -q found[1]
    set -l name (string replace -r '.*/' '' -- $prefix)
    set refusal "sealenv: this shell is not clean, so $name was not activated:" $found \
        "  next: open a new terminal, or: sealenv shell --clean '$prefix'"
end
if set -q refusal[1]
    printf '%s\n' $refusal >&2
    return 1
end
if test -n "$active" # Nothing is set, so a new `deactivate` gives nothing back.
    set -q _sealenv_names
    or function deactivate
        echo "sealenv: activate.fish has changed nothing here. Leave with exit, or with the tool that activated the environment." >&2
        functions -e deactivate
    end
    return 0
end

# --- Set a variable, and keep its old value.
function _sealenv_put -a name
    set -ga _sealenv_names $name
    set -qg $name
    and set -g _sealenv_old_$name $$name
    set -gx $name $argv[2..-1]
end

function _sealenv_source
    for file in $argv
        source $file
        or printf '%s\n' "sealenv: $file ended with exit code $status" >&2
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
    set -eg _sealenv_names
end

# --- Activate: the variables in the order of CEP 32, the prompt, the scripts of the packages.
source $prefix/etc/sealenv/env.fish
if status is-interactive; and test -z "$SEALENV_NO_PROMPT"
    and not string match -qir '^(false|no|off|0)$' -- "$CONDA_CHANGEPS1"
    functions -c fish_prompt _sealenv_fish_prompt
    function fish_prompt
        printf '%s' __SEALENV_SHOWN__
        _sealenv_fish_prompt
    end
end
set -l scripts $prefix/etc/conda/activate.d/*.fish
_sealenv_source $scripts
true
