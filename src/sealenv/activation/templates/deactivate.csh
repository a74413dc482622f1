# What `deactivate` does in csh and tcsh after sealenv's activate.csh: the packages' scripts in
# reverse code-point order, then every variable as it was.

if ($?backslash_quote) then
    set _sealenv_backslash_quote
    unset backslash_quote
endif
if ($?nonomatch) set _sealenv_nonomatch
if ($?noglob) set _sealenv_noglob
set nonomatch
unset noglob
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
set _sealenv_scripts = ()
foreach _sealenv_file (__SEALENV_GLOB__/etc/conda/deactivate.d/*.csh)
    set _sealenv_scripts = ($_sealenv_file:q $_sealenv_scripts:q)
end
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
__SEALENV_RESTORE__
foreach _sealenv_file (__SEALENV_CLEARED__ __SEALENV_MEMBERS__ __SEALENV_PATHS__)
    eval 'set _sealenv_is = $?_sealenv_out_'$_sealenv_file
    if ($_sealenv_is) then
        eval 'setenv '$_sealenv_file' $_sealenv_out_'$_sealenv_file':q'
        unset _sealenv_out_$_sealenv_file
    endif
end
unset _sealenv_is
if ($?_sealenv_old_prompt) then
    set prompt = $_sealenv_old_prompt:q
    unset _sealenv_old_prompt
endif
if (! $?_sealenv_nonomatch) unset nonomatch
if ($?_sealenv_noglob) set noglob
if ($?_sealenv_backslash_quote) set backslash_quote
unset _sealenv_nonomatch _sealenv_noglob _sealenv_backslash_quote _sealenv_file _sealenv_scripts
unset _sealenv_prefix
unalias deactivate
rehash
set status = 0
