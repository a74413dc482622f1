# Activate this environment in tcsh or csh:   source PREFIX/activate.csh
#
# It starts no process and writes no file. From top to bottom: find the environment, refuse what must not
# be activated, set the variables (etc/sealenv/env.csh), run the scripts of the packages. `deactivate` is
# an alias for etc/sealenv/deactivate.csh.
#
# A csh has no functions, knows no place of a script, and `exit` would end the user's shell: the path is
# written here, and what goes wrong is collected in _sealenv_bad.
set _sealenv_bad = ()
set _sealenv_next = "open a new terminal, or: sealenv shell --clean "__SEALENV_PREFIX__
set _sealenv_here = __SEALENV_PREFIX__
set _sealenv_same = ""

# --- Refuse an environment that is moved or unfinished.
if (! -r $_sealenv_here:q/etc/sealenv/env.csh) then
    set _sealenv_bad = ("$_sealenv_here:q/etc/sealenv/env.csh is missing: the environment was moved or removed.")
    set _sealenv_next = "in its folder: sealenv move --here .   Or, if it was not moved: sealenv repair PREFIX"
else if (-e $_sealenv_here:q/conda-meta/sealenv.pending) then
    set _sealenv_bad = ("$_sealenv_here:q was never finished: a create was interrupted, or is running.")
    set _sealenv_next = "run the same sealenv create again, or: sealenv remove"
else if (-e $_sealenv_here:q/conda-meta/sealenv.moving) then
    set _sealenv_bad = ("a move of $_sealenv_here:q was ended half way: its files hold two paths.")
    set _sealenv_next = "in that folder: sealenv move --here ."
else
    # --- The active environment stays as it is, if PATH begins with its bin.
    if ($?CONDA_PREFIX) then
        if (x$CONDA_PREFIX:q == x$_sealenv_here:q) set _sealenv_same = named
    endif
    if ($?SEALENV_PREFIX) then
        if (x$SEALENV_PREFIX:q != x && x$SEALENV_PREFIX:q != x$_sealenv_here:q) set _sealenv_same = ""
    endif
    if (x$_sealenv_same == xnamed) then
        if ($#path == 0) set path = ("")
        if (x$path[1]:q != x$_sealenv_here:q/bin) set _sealenv_bad = ("This environment is active, but PATH does not begin with its bin.")
    else
        # --- Refuse a shell that is not clean. Each line: a variable, x and the values that mean nothing, the reason.
        set _sealenv_gate = ()
        __SEALENV_GATE__
        while ($#_sealenv_gate)
            set _sealenv_file = ""
            eval 'set _sealenv_root = $?'$_sealenv_gate[1]
            if ($_sealenv_root) eval 'set _sealenv_file = $'$_sealenv_gate[1]':q'
            if (x$_sealenv_file:q !~ $_sealenv_gate[2]) set _sealenv_bad = ($_sealenv_bad:q "$_sealenv_gate[1]=$_sealenv_file:q"": $_sealenv_gate[3]")
            shift _sealenv_gate
            shift _sealenv_gate
            shift _sealenv_gate
        end
        foreach _sealenv_file ($path:q)
            set _sealenv_root = $_sealenv_file:q
            if (x$_sealenv_file:q =~ x*/bin) set _sealenv_root = $_sealenv_file:h:q
            if (-d $_sealenv_root:q/conda-meta || -f $_sealenv_root:q/pyvenv.cfg) then
                if (x$_sealenv_root:q != x$_sealenv_here:q) set _sealenv_bad = ($_sealenv_bad:q "PATH=$_sealenv_file:q"": "__SEALENV_ON_PATH__)
            endif
        end
    endif
endif

if ($#_sealenv_bad) then
    # Only a terminal or a pipe can be opened once more; a file would be written from its start.
    alias _sealenv_say 'echo \!*'
    if (-w /dev/stderr) then
        if (-c /dev/stderr || -p /dev/stderr) alias _sealenv_say 'echo \!* >>! /dev/stderr'
    endif
    _sealenv_say "sealenv: this environment was not activated: the shell is not clean, or the environment is not ready:"
    foreach _sealenv_file ($_sealenv_bad:q)
        _sealenv_say "  "$_sealenv_file:q
    end
    _sealenv_say "  next: "$_sealenv_next:q
    unalias _sealenv_say
else if (! $?_sealenv_prefix) then
    # --- Set the variables, in the order of CEP 32. The old values are kept as _sealenv_old_NAME.
    set _sealenv_prefix = $_sealenv_here:q
    alias deactivate 'source $_sealenv_prefix:q/etc/sealenv/deactivate.csh'
    if (x$_sealenv_same == xnamed) then
        # The old values are not known here: `deactivate` unsets the variables.
        set _sealenv_old_path = ($path[2-]:q)
    else
        # The aliases of a hook start the conda or mamba of another environment.
        unalias conda mamba micromamba
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
            if (-f $_sealenv_file:q) source $_sealenv_file:q
        end
        if (! $?_sealenv_nonomatch) unset nonomatch
        unset _sealenv_nonomatch
    endif
    rehash
endif
# (`endif` would clear the status.)
@ _sealenv_state = ($#_sealenv_bad > 0)
unset _sealenv_bad _sealenv_next _sealenv_here _sealenv_same _sealenv_gate _sealenv_file _sealenv_root
eval 'unset _sealenv_state ; @ status = '$_sealenv_state
