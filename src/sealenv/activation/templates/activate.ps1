# sealenv activation for PowerShell (5.1 and 7). Source it:   . PREFIX\activate.ps1
#
# Static: it starts no process, writes no file and finds its environment by its own place. What
# differs between environments is in etc\sealenv\env.ps1, compiled by sealenv. It throws when it
# refuses: nothing else stops a script that goes on to use the environment.

$_sealenv_scripts = & {
    param([string] $here)

    $nl = [Environment]::NewLine
    $include = [IO.Path]::Combine($here, 'etc', 'sealenv', 'env.ps1')
    if (-not [IO.File]::Exists($include)) {
        throw "sealenv: $include is missing.$nl  next: sealenv refresh PREFIX"
    }
    $compiled = & $include
    $name = [IO.Path]::GetFileName($here)
    $get = { param($variable) [Environment]::GetEnvironmentVariable($variable) }

    $found = ''
    foreach ($row in @(
        __SEALENV_GATE__
    )) {
        $value = & $get $row[0]
        if ($value -and $row[1].Split(' ') -notcontains $value) {
            # A control character could be a word to the terminal.
            $shown = $value -replace '\p{Cc}', '?'
            $found += "  $($row[0])=$shown$nl      $($row[2])$nl      to clear it: $($row[3])$nl"
        }
    }
    # An activation sets these to the file of its environment. Whoever only took SEALENV_PREFIX away is a
    # child of it.
    $inside = & $get 'SEALENV_PREFIX'
    foreach ($row in @(
        __SEALENV_RC_FILES__
    )) {
        $value = & $get $row[0]
        if (-not $inside -and $value -like '*[\/].condarc' -and
            [IO.File]::Exists($value.Substring(0, $value.Length - 9) + '/conda-meta/sealenv')) {
            $shown = $value -replace '\p{Cc}', '?'
            $found += "  $($row[0])=$shown$nl      $($row[1])$nl      to clear it: $($row[2])$nl"
            $inside = 'yes'
        }
    }
    foreach ($row in @(
        __SEALENV_SHADOWS__
    )) {
        $word = $row[0]
        $alias = (Get-Item -LiteralPath "alias:$word" -ErrorAction SilentlyContinue).Definition
        if ($alias -or (Test-Path -LiteralPath "function:$word")) {
            $found += "  $word=(a function or an alias)$nl      $($row[1])$nl      to clear it: $($row[2])$nl"
        }
    }
    if ($found) {
        $next = "For a clean shell open a new PowerShell, or run:$nl  sealenv shell --clean `"$here`""
        if ($inside) {
            $next = 'For another environment open a new PowerShell.'
        }
        throw ("sealenv: this shell is not clean, so $name was not activated:$nl$found" +
            "Nothing was changed. $next")
    }

    $marker = [IO.Path]::Combine($here, 'conda-meta', 'sealenv.pending')
    if (Test-Path -LiteralPath $marker) {
        $line = Get-Content -LiteralPath $marker -TotalCount 1 -ErrorAction SilentlyContinue
        if (-not $line -or $line -cne (& $get 'SEALENV_CHECK_TOKEN')) {
            throw ("sealenv: $here was never finished: a create was interrupted, or is at work.$nl" +
                "  next: run the same sealenv create again, or: sealenv remove `"$here`"")
        }
    }
    if (Test-Path -LiteralPath ([IO.Path]::Combine($here, 'conda-meta', 'sealenv.moving'))) {
        throw ("sealenv: a move of $here was ended half way: its files hold two paths.$nl" +
            "  next: in that folder, finish it: sealenv move --here .")
    }
    $made = $compiled.prefix
    if ($made -and -not [string]::Equals($made, $here, [StringComparison]::OrdinalIgnoreCase)) {
        throw ("sealenv: this environment was made at $made$nl" +
            "  and was moved or copied by hand, or is called by another path: $here$nl" +
            "  next: in that folder, mend it: sealenv move --here .$nl" +
            "  or use it by the path that it was made at, or move it back to there")
    }
    $time = [IO.File]::GetLastWriteTimeUtc($include)
    $folder = [IO.Path]::Combine($here, 'etc', 'conda', 'env_vars.d')
    $sources = @([IO.Path]::Combine($here, 'conda-meta', 'state'), $folder)
    if ([IO.Directory]::Exists($folder)) {
        $sources += [IO.Directory]::GetFiles($folder, '*.json')
    }
    # A file that is not there has the time 1601.
    if (@($sources | Where-Object { [IO.File]::GetLastWriteTimeUtc($_) -gt $time }).Count) {
        [Console]::Error.WriteLine("sealenv: the variables of this environment changed after its scripts were made.")
        [Console]::Error.WriteLine("  next: sealenv refresh `"$here`"")
    }

    $old = [ordered] @{}
    # From PowerShell 7.5 on an empty value is one; nothing else on Windows knows such a variable.
    $assign = {
        param($variable, $value)
        if ($value) {
            [Environment]::SetEnvironmentVariable($variable, $value)
        } else {
            Remove-Item -LiteralPath "Env:$variable" -ErrorAction SilentlyContinue
        }
    }
    $put = {
        param($variable, $value)
        if (-not $old.Contains($variable)) {
            $old[$variable] = & $get $variable
        }
        & $assign $variable $value
    }
    # What other tools have left, and what would come before the environment's own settings.
    __SEALENV_CLEARED__
    __SEALENV_FAMILIES__
    __SEALENV_HONOURED__
    $dropped += @([Environment]::GetEnvironmentVariables().Keys | Where-Object { $_ -match $families })
    foreach ($variable in $dropped) {
        if ($honoured -notcontains $variable -and (& $get $variable)) {
            & $put $variable $null
        }
    }
    foreach ($pair in $compiled.variables) {
        & $put $pair[0] $pair[1]
    }
    $folders = @($here)
    foreach ($part in 'ucrt64', 'clang64', 'mingw64', 'clangarm64') {
        $msys = [IO.Path]::Combine($here, 'Library', $part, 'bin')
        if ([IO.Directory]::Exists($msys)) {
            $folders += $msys
            break
        }
    }
    $folders += 'Library\mingw-w64\bin', 'Library\usr\bin', 'Library\bin', 'Scripts', 'bin', 'condabin' |
        ForEach-Object { [IO.Path]::Combine($here, $_) }
    & $put 'PATH' ((@($folders) + @(& $get 'PATH')) -join ';')
    & $put 'CONDA_PREFIX' $here
    & $put 'CONDA_SHLVL' '1'
    & $put 'CONDA_DEFAULT_ENV' $name
    & $put 'CONDA_PROMPT_MODIFIER' "($name) "
    & $put 'MAMBA_ROOT_PREFIX' $here
    & $put 'PYTHONNOUSERSITE' '1'
    & $put 'SEALENV_PREFIX' $here
    # No pip.ini, and no .condarc or .mambarc but the environment's own.
    & $put 'PIP_CONFIG_FILE' 'nul'
    $condarc = [IO.Path]::Combine($here, '.condarc')
    if ([IO.File]::Exists($condarc)) {
        & $put 'CONDARC' $condarc
        & $put 'MAMBARC' $condarc
    }
    # Which programs the wrappers start: conda.bat keeps another conda that a hook has left here.
    $bat = [IO.Path]::Combine($here, 'condabin', 'conda.bat')
    if ([IO.File]::Exists($bat)) {
        & $put 'CONDA_BAT' $bat
        & $put 'CONDA_EXE' ([IO.Path]::Combine($here, 'Scripts', 'conda.exe'))
        & $put 'CONDA_PYTHON_EXE' ([IO.Path]::Combine($here, 'python.exe'))
    }
    $mamba = [IO.Path]::Combine($here, 'Library', 'bin', 'mamba.exe')
    if ([IO.File]::Exists($mamba)) {
        & $put 'MAMBA_EXE' $mamba
    }

    $prompt = $null
    $off = @('false', 'no', 'off', '0') -contains (& $get 'CONDA_CHANGEPS1')
    if (-not $off -and -not (& $get 'SEALENV_NO_PROMPT')) {
        $prompt = (Get-Item function:prompt -ErrorAction SilentlyContinue).ScriptBlock
    }
    if ($prompt) {
        $shown = "($name) "
        Set-Item function:global:prompt ({ $shown + (& $prompt) }.GetNewClosure())
    }
    $list = {
        param($kind)
        $folder = [IO.Path]::Combine($here, 'etc', 'conda', "$kind.d")
        if ([IO.Directory]::Exists($folder)) {
            # The file system's own pattern also finds names that only begin like that.
            [string[]] $files = @([IO.Directory]::GetFiles($folder) | Where-Object { $_ -like '*.ps1' })
            [Array]::Sort($files, [StringComparer]::Ordinal)
            $files
        }
    }.GetNewClosure()
    Set-Item function:global:deactivate ({
        $files = @(& $list 'deactivate')
        [Array]::Reverse($files)
        foreach ($file in $files) {
            . $file
        }
        foreach ($variable in $old.Keys) {
            & $assign $variable $old[$variable]
        }
        if ($prompt) {
            Set-Item function:global:prompt $prompt
        }
        Remove-Item function:deactivate
    }.GetNewClosure())
    & $list 'activate'
} $PSScriptRoot

# Here and not in the block, so that a script of a package acts where this one does.
foreach ($_sealenv_file in $_sealenv_scripts) {
    . $_sealenv_file
}
Remove-Variable _sealenv_scripts, _sealenv_file -ErrorAction SilentlyContinue
