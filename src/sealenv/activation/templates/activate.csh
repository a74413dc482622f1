# sealenv activation for csh and tcsh. Source it:   source PREFIX/activate.csh
#
# Static: it starts no process and writes no file. A csh cannot know where this file is: the path
# below is checked. What differs between environments is in etc/sealenv/env.csh, compiled by sealenv.
# `deactivate` is an alias that sources etc/sealenv/deactivate.csh.
#
# tcsh does not match a pattern with a quoted character beyond ASCII: in patterns these are bare.
#
# How it is written: no goto, no exit (it would end the user's shell): what goes wrong sets
# _sealenv_bad, and the status at the end is 1. Quotes mean what they mean by default.

# An environment of ours is active in this very shell: its state is what `deactivate` lives on, so that
# nothing of it may be touched.
if ($?_sealenv_prefix) then
    set _sealenv_again = 'echo \!*'
    if (-w /dev/stderr) then
        if (-c /dev/stderr || -p /dev/stderr) set _sealenv_again = 'echo \!* >>! /dev/stderr'
    endif
    alias _sealenv_say $_sealenv_again:q
    _sealenv_say "sealenv: this shell is not clean: nothing was activated, and nothing was changed:"
    _sealenv_say "  CONDA_PREFIX="$_sealenv_prefix:q
    _sealenv_say "      a conda environment is active here"
    _sealenv_say "      to clear it: deactivate"
    _sealenv_say "For another environment open a new terminal."
    unalias _sealenv_say
else
    # Who assigns what is read-only is ended by the shell, and nothing tells before. So it is done here once,
    # with the same values, while there is nothing of ours to leave behind.
    if ($?PATH) then
        setenv PATH $PATH:q
    else if ($?path) then
        set path = ($path:q)
        unsetenv PATH
    endif
    if ($?prompt) then
        set prompt = $prompt:q
    endif
    if ($?backslash_quote) then
        set _sealenv_backslash_quote
        unset backslash_quote
    endif
    set _sealenv_prefix = __SEALENV_PREFIX__
    set _sealenv_bad = ""
    # Only a terminal or a pipe can be opened once more; into a file standard output is the safe way.
    alias _sealenv_say 'echo \!*'
    if (-w /dev/stderr) then
        if (-c /dev/stderr || -p /dev/stderr) alias _sealenv_say 'echo \!* >>! /dev/stderr'
    endif
    if ($?nonomatch) set _sealenv_nonomatch
    if ($?noglob) set _sealenv_noglob
    set nonomatch
    unset noglob

    # Is the script that this shell has open another file than the one at the known path? (Linux)
    if (-e /proc/self/fd) then
        set _sealenv_bad = copied
        if (! -e $_sealenv_prefix:q/activate.csh) set _sealenv_bad = ""
        foreach _sealenv_file (0 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31)
            if (-e /proc/self/fd/$_sealenv_file && -e $_sealenv_prefix:q/activate.csh) then
                @ _sealenv_one = (-I /proc/self/fd/$_sealenv_file)
                @ _sealenv_two = (-I $_sealenv_prefix:q/activate.csh)
                if ($_sealenv_one == $_sealenv_two) then
                    @ _sealenv_one = (-D /proc/self/fd/$_sealenv_file)
                    @ _sealenv_two = (-D $_sealenv_prefix:q/activate.csh)
                    if ($_sealenv_one == $_sealenv_two) set _sealenv_bad = ""
                endif
            endif
        end
        unset _sealenv_one _sealenv_two
    endif

    if ($_sealenv_bad == copied) then
        _sealenv_say "sealenv: this is not the activate.csh of $_sealenv_prefix:q, but a copy: the environment"
        _sealenv_say "  was moved or copied by hand."
        _sealenv_say "  next: use the one that is there; or, in the folder of the copy, mend it: sealenv move --here ."
    else if (! -d $_sealenv_prefix:q/conda-meta) then
        set _sealenv_bad = moved
        _sealenv_say "sealenv: there is no environment at $_sealenv_prefix:q, it was moved or removed."
        _sealenv_say "  next: in the folder where it is now, mend it: sealenv move --here ."
        _sealenv_say "  or move it back to $_sealenv_prefix:q, or make it anew with: sealenv create"
    else if (! -r $_sealenv_prefix:q/etc/sealenv/env.csh) then
        set _sealenv_bad = missing
        _sealenv_say "sealenv: $_sealenv_prefix:q/etc/sealenv/env.csh is missing."
        _sealenv_say "  next: sealenv refresh PREFIX"
    else
        set _sealenv_gate = ""
        __SEALENV_GATE__
        __SEALENV_RC_FILES__
        # An alias comes before PATH: without a PATH `which` finds nothing else.
        set _sealenv_path = ($path:q)
        if ($?PATH) set _sealenv_file = $PATH:q
        set _sealenv_one = $?PATH
        set path = ()
        __SEALENV_SHADOWS__
        set path = ($_sealenv_path:q)
        if ($_sealenv_one) then
            setenv PATH $_sealenv_file:q
        else
            unsetenv PATH
        endif
        unset _sealenv_path _sealenv_one
        if ($_sealenv_gate == inside) then
            set _sealenv_bad = dirty
            _sealenv_say "This shell is not clean: nothing was changed. For another environment open a new terminal."
        else if ($_sealenv_gate != "") then
            set _sealenv_bad = dirty
            _sealenv_say "This shell is not clean: nothing was changed. For a clean shell open a new terminal, or run:"
            _sealenv_say "  sealenv shell --clean "__SEALENV_QUOTED__
        else if (-e $_sealenv_prefix:q/conda-meta/sealenv.pending || -l $_sealenv_prefix:q/conda-meta/sealenv.pending) then
            set _sealenv_bad = pending
            _sealenv_say "sealenv: $_sealenv_prefix:q was never finished: a create was interrupted, or is at work."
            _sealenv_say "  next: run the same sealenv create again, or: sealenv remove "__SEALENV_QUOTED__
        else if (-e $_sealenv_prefix:q/conda-meta/sealenv.moving) then
            set _sealenv_bad = moved
            _sealenv_say "sealenv: a move of $_sealenv_prefix:q was ended half way: its files hold two paths."
            _sealenv_say "  next: finish it: sealenv move --here "__SEALENV_QUOTED__
        endif
        unset _sealenv_gate
    endif

    if ($_sealenv_bad == "") then
        set _sealenv_include = $_sealenv_prefix:q/etc/sealenv/env.csh
        set _sealenv_stale = ""
        foreach _sealenv_file ($_sealenv_prefix:q/conda-meta/state $_sealenv_prefix:q/etc/conda/env_vars.d __SEALENV_GLOB__/etc/conda/env_vars.d/*.json)
            if (-e $_sealenv_file:q) then
                if (-M $_sealenv_file:q > -M $_sealenv_include:q) set _sealenv_stale = yes
            endif
        end
        if ($_sealenv_stale != "") then
            _sealenv_say "sealenv: the variables of this environment changed after its scripts were made."
            _sealenv_say "  next: sealenv refresh "__SEALENV_QUOTED__
        endif
        unset _sealenv_stale
        # What other tools have left, and what would come before the environment's own settings. A csh
        # cannot list its variables, and expands a whole line first.
        set _sealenv_paths = (__SEALENV_PATHS__)
        foreach _sealenv_file (__SEALENV_CLEARED__ __SEALENV_MEMBERS__ $_sealenv_paths)
            eval 'set _sealenv_is = $?'$_sealenv_file
            if ($_sealenv_is) then
                eval 'set _sealenv_value = $'$_sealenv_file':q'
                if (" $_sealenv_paths " !~ *" $_sealenv_file "* || x$_sealenv_value:q =~ *[/\$~]*) then
                    eval 'set _sealenv_out_'$_sealenv_file' = $_sealenv_value:q'
                    unsetenv $_sealenv_file
                endif
            endif
        end
        unset _sealenv_is _sealenv_paths _sealenv_value
        source $_sealenv_include:q
        unset _sealenv_include
        # Code-point order for patterns, whatever the locale; LC_CTYPE stays what it is, or names beyond
        # ASCII would break.
        if ($?LC_COLLATE) then
            set _sealenv_lc_collate = $LC_COLLATE:q
        endif
        if ($?LC_ALL) then
            set _sealenv_lc_all = $LC_ALL:q
            if ($?LC_CTYPE) then
                set _sealenv_lc_ctype = $LC_CTYPE:q
            endif
            setenv LC_CTYPE $LC_ALL:q
        endif
        setenv LC_COLLATE C
        unsetenv LC_ALL
        set _sealenv_scripts = (__SEALENV_GLOB__/etc/conda/activate.d/*.csh)
        if ($?_sealenv_lc_all) then
            setenv LC_ALL $_sealenv_lc_all:q
            if ($?_sealenv_lc_ctype) then
                setenv LC_CTYPE $_sealenv_lc_ctype:q
            else
                unsetenv LC_CTYPE
            endif
        endif
        if ($?_sealenv_lc_collate) then
            setenv LC_COLLATE $_sealenv_lc_collate:q
        else
            unsetenv LC_COLLATE
        endif
        unset _sealenv_lc_all _sealenv_lc_ctype _sealenv_lc_collate
        foreach _sealenv_file ($_sealenv_scripts:q)
            if (-f $_sealenv_file:q && -r $_sealenv_file:q) source $_sealenv_file:q
        end
        unset _sealenv_scripts
        alias deactivate 'source $_sealenv_prefix:q/etc/sealenv/deactivate.csh'
        rehash
    endif

    if (! $?_sealenv_nonomatch) unset nonomatch
    if ($?_sealenv_noglob) set noglob
    if ($?_sealenv_backslash_quote) set backslash_quote
    unset _sealenv_nonomatch _sealenv_noglob _sealenv_backslash_quote _sealenv_file
    unalias _sealenv_say
    if ($_sealenv_bad != "") unset _sealenv_prefix
    unset _sealenv_bad
endif
# (`endif` would clear the status.)
if ($?_sealenv_again || ! $?_sealenv_prefix) eval 'unset _sealenv_again ; @ status = 1'
