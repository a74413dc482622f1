# `deactivate` in csh and tcsh: run the scripts of the packages backwards, then give back the variables.
if ($?nonomatch) set _sealenv_nonomatch
set nonomatch
set _sealenv_scripts = ()
foreach _sealenv_file (__SEALENV_GLOB__/etc/conda/deactivate.d/*.csh)
    set _sealenv_scripts = ($_sealenv_file:q $_sealenv_scripts:q)
end
foreach _sealenv_file ($_sealenv_scripts:q)
    if (-f $_sealenv_file:q) source $_sealenv_file:q
end
foreach _sealenv_file (__SEALENV_NAMES__)
    eval 'set _sealenv_set = $?_sealenv_old_'$_sealenv_file
    if ($_sealenv_set) then
        eval 'setenv '$_sealenv_file' $_sealenv_old_'$_sealenv_file':q'
        unset _sealenv_old_$_sealenv_file
    else
        unsetenv $_sealenv_file
    endif
end
if ($?_sealenv_old_prompt) then
    set prompt = $_sealenv_old_prompt:q
endif
if (! $?_sealenv_nonomatch) unset nonomatch
unset _sealenv_nonomatch _sealenv_set _sealenv_file _sealenv_scripts _sealenv_old_prompt _sealenv_prefix
unalias deactivate
rehash
set status = 0
