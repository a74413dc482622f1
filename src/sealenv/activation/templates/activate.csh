# Activate this environment in tcsh or csh:   source PREFIX/activate.csh
#
# It starts no process and writes no file. From top to bottom: refuse what must not be activated, set the
# variables (etc/sealenv/env.csh), run the scripts of the packages. `deactivate` is an alias for
# etc/sealenv/deactivate.csh.
#
# A csh has no functions, knows no place of a script, and `exit` would end the user's shell: the path is
# written here, and what goes wrong is collected in _sealenv_bad.
set _sealenv_bad = ()
set _sealenv_next = "open a new terminal, or: sealenv shell --clean "__SEALENV_PREFIX__
set _sealenv_here = __SEALENV_PREFIX__
set _sealenv_active = ""
# Only a terminal or a pipe can be opened once more; a file would be written from its start.
alias _sealenv_say 'echo \!*'
if (-w /dev/stderr) then
    if (-c /dev/stderr || -p /dev/stderr) alias _sealenv_say 'echo \!* >>! /dev/stderr'
endif

# --- Refuse an environment that is moved or unfinished.
if (! -r $_sealenv_here:q/etc/sealenv/env.csh) then
    set _sealenv_bad = ("$_sealenv_here:q/etc/sealenv/env.csh is missing: the environment was moved or removed.")
    set _sealenv_next = "in its folder: sealenv move --here .   Or, if it was not moved: sealenv repair ."
else if (-e $_sealenv_here:q/conda-meta/sealenv.pending || -e $_sealenv_here:q/conda-meta/sealenv.moving) then
    set _sealenv_bad = ("$_sealenv_here:q is unfinished: a create or a move was interrupted, or is running.")
    set _sealenv_next = "run the same sealenv create or move again, or in that folder: sealenv move --here ."
else
    # --- Refuse a shell that is not clean. Each line: a variable, x and the values that mean nothing, the reason.
    if ($?CONDA_PREFIX) then
        if (x$CONDA_PREFIX:q == x$_sealenv_here:q) set _sealenv_active = yes
    endif
    if ($?SEALENV_PREFIX) then
        if (x$SEALENV_PREFIX:q != x && x$SEALENV_PREFIX:q != x$_sealenv_here:q) set _sealenv_active = ""
    endif
    set _sealenv_gate = ()
    if (x$_sealenv_active != xyes) then
        __SEALENV_GATE__
    endif
    while ($#_sealenv_gate)
        set _sealenv_file = ""
        eval 'set _sealenv_root = $?'$_sealenv_gate[1]
        if ($_sealenv_root) eval 'set _sealenv_file = $'$_sealenv_gate[1]':q'
        if (x$_sealenv_file:q !~ $_sealenv_gate[2]) set _sealenv_bad = ($_sealenv_bad:q "$_sealenv_gate[1]=$_sealenv_file:q"": $_sealenv_gate[3]")
        set _sealenv_gate = ($_sealenv_gate[4-]:q)
    end
    # The folders on PATH: which has a Python first, and does one belong to another environment?
    set _sealenv_first = ""
    foreach _sealenv_file ($path:q)
        set _sealenv_root = $_sealenv_file:q
        if (x$_sealenv_file:q =~ x*/bin) set _sealenv_root = $_sealenv_file:h:q
        if (x$_sealenv_root:q == x$_sealenv_here:q) then
            set _sealenv_first = ${_sealenv_first}o
        else if (-d $_sealenv_root:q/conda-meta || -f $_sealenv_root:q/pyvenv.cfg) then
            set _sealenv_bad = ($_sealenv_bad:q "PATH=$_sealenv_file:q"": "__SEALENV_ON_PATH__)
        else if (-e $_sealenv_file:q/python || -e $_sealenv_file:q/python3) then
            set _sealenv_first = ${_sealenv_first}p
        endif
    end
    if (x$_sealenv_active == xyes && x$_sealenv_first !~ xo*) then
        # A shell inside the active one, as of tmux or tcsh -l, has no `deactivate`.
        set _sealenv_root = "unsetenv CONDA_PREFIX; unsetenv CONDA_SHLVL; unsetenv SEALENV_PREFIX"
        if ($?_sealenv_prefix) set _sealenv_root = deactivate
        set _sealenv_bad = ($_sealenv_bad:q "PATH=$PATH:q"": this environment is active, but its programs do not come first; to clear it: $_sealenv_root:q   Then activate it again.")
    endif
endif

if ($#_sealenv_bad) then
    _sealenv_say "sealenv: this environment was not activated: the shell is not clean, or the environment is not ready:"
    foreach _sealenv_file ($_sealenv_bad:q)
        _sealenv_say "  "$_sealenv_file:q
    end
    _sealenv_say "  next: "$_sealenv_next:q
else if (x$_sealenv_active == xyes) then
    # Nothing is set, so a new `deactivate` gives nothing back.
    if (! $?_sealenv_prefix) alias deactivate 'unalias deactivate; echo "sealenv: activate.csh has changed nothing here. Leave with exit, or with the tool that activated the environment."'
else
    # --- Set the variables, in the order of CEP 32. The old values are kept as _sealenv_old_NAME.
    set _sealenv_prefix = $_sealenv_here:q
    alias deactivate 'source $_sealenv_prefix:q/etc/sealenv/deactivate.csh'
    foreach _sealenv_file (__SEALENV_NAMES__)
        eval 'set _sealenv_state = $?'$_sealenv_file
        if ($_sealenv_state) eval 'set _sealenv_old_'$_sealenv_file' = $'$_sealenv_file':q'
    end
    source $_sealenv_prefix:q/etc/sealenv/env.csh
    set _sealenv_state = x
    if ($?CONDA_CHANGEPS1) then
        set _sealenv_state = x$CONDA_CHANGEPS1:q
    endif
    if ($?SEALENV_NO_PROMPT) set _sealenv_state = xno
    if ($?prompt && $_sealenv_state:q !~ x{[Ff]alse,[Nn]o,[Oo]ff,0}) then
        set _sealenv_old_prompt = $prompt:q
        set prompt = __SEALENV_SHOWN__$prompt:q
    endif
    # --- Run the scripts of the packages.
    if ($?nonomatch) set _sealenv_nonomatch
    set nonomatch
    foreach _sealenv_file (__SEALENV_GLOB__/etc/conda/activate.d/*.csh)
        if (! -f $_sealenv_file:q) continue
        source $_sealenv_file:q
        set _sealenv_state = $status
        if ($_sealenv_state) then
            _sealenv_say "sealenv: "$_sealenv_file:q" ended with exit code $_sealenv_state"
        endif
    end
    if (! $?_sealenv_nonomatch) unset nonomatch
    unset _sealenv_nonomatch
    rehash
endif
# Remove what this script has defined, and end with the status 1 if something was wrong. `endif` and `unset` would
# clear the status, so one last line unsets the variable that it comes from, and sets it.
@ _sealenv_state = ($#_sealenv_bad > 0)
unset _sealenv_bad _sealenv_next _sealenv_here _sealenv_active _sealenv_gate _sealenv_file _sealenv_root _sealenv_first
unalias _sealenv_say
eval 'unset _sealenv_state ; @ status = '$_sealenv_state
