# Activate this environment in PowerShell (5.1 or 7):   . PREFIX\activate.ps1
#
# It starts no process and writes no file. From top to bottom: refuse what must not be activated, set the
# variables (listed in etc\sealenv\env.ps1), leave with `deactivate`, run the scripts of the packages. It
# throws when it refuses, so that a script ends there.

$_sealenv_scripts = & {
    param([string] $here)

    $nl = [Environment]::NewLine
    $name = [IO.Path]::GetFileName($here)
    $get = { param($variable) [Environment]::GetEnvironmentVariable($variable) }

    # --- Refuse an environment that is unfinished or moved.
    $include = "$here/etc/sealenv/env.ps1"
    if (-not [IO.File]::Exists($include)) {
        throw "sealenv: $include is missing.$nl  next: sealenv repair `"$here`""
    }
    if ([IO.File]::Exists("$here/conda-meta/sealenv.pending") -or [IO.File]::Exists("$here/conda-meta/sealenv.moving")) {
        throw ("sealenv: $here is unfinished: a create or a move was interrupted, or is running.$nl" +
            "  next: run the same sealenv create or move again, or in that folder: sealenv move --here .")
    }
    $compiled = & $include
    if ($compiled.prefix -and $compiled.prefix -ne $here) {
        throw ("sealenv: this environment was made at $($compiled.prefix)$nl" +
            "  and was moved or copied by hand, or is called by another path: $here$nl" +
            "  next: in that folder: sealenv move --here .   Or use the path that it was made at.")
    }

    # --- Refuse a shell that is not clean. The active environment stays as it is.
    $folders = @($here)
    $folders += @('ucrt64', 'clang64', 'mingw64', 'clangarm64' |
        ForEach-Object { [IO.Path]::Combine($here, 'Library', $_, 'bin') } |
        Where-Object { [IO.Directory]::Exists($_) } | Select-Object -First 1)
    $folders += 'Library\mingw-w64\bin', 'Library\usr\bin', 'Library\bin', 'Scripts', 'bin', 'condabin' |
        ForEach-Object { [IO.Path]::Combine($here, $_) }
    $path = @((& $get 'PATH') -split ';' | Where-Object { $_ })
    $ours = & $get 'SEALENV_PREFIX'
    $active = (& $get 'CONDA_PREFIX') -eq $here -and (-not $ours -or $ours -eq $here)
    $found = ''
    if ($active) {
        $first = $path | Where-Object { $folders -contains $_ -or [IO.File]::Exists("$_\python.exe") } | Select-Object -First 1
        if ($folders -notcontains $first) {
            $found = "  PATH=$($path -join ';'): this environment is active, but its programs do not come first; " +
                "to clear it: Remove-Item Env:CONDA_PREFIX, Env:CONDA_SHLVL, Env:SEALENV_PREFIX   Then activate it again.$nl"
        }
    } else {
        foreach ($row in @(
            __SEALENV_GATE__
        )) {
            $value = & $get $row[0]
            if ($value -and $row[1].Split(' ') -notcontains $value) {
                $found += "  $($row[0])=${value}: $($row[2])$nl"
            }
        }
    }
    foreach ($folder in $path | Where-Object { $folders -notcontains $_ }) {
        $other = if ($folder -match '[\\/]Scripts$') { [IO.Path]::GetDirectoryName($folder) } else { $folder }
        if ([IO.Directory]::Exists("$other\conda-meta") -or [IO.File]::Exists("$other\pyvenv.cfg")) {
            $found += "  PATH=${folder}: " + __SEALENV_ON_PATH__ + $nl
        }
    }
    if ($found) {
        throw ("sealenv: this shell is not clean, so $name was not activated:$nl$found" +
            "  next: open a new PowerShell, or: sealenv shell --clean `"$here`"")
    }
    if ($active) {
        # Nothing is set, so a new `deactivate` gives nothing back.
        if (-not (Test-Path function:deactivate)) {
            Set-Item function:global:deactivate {
                [Console]::Error.WriteLine('sealenv: activate.ps1 has changed nothing here. Leave with exit, or with the tool that activated the environment.')
                Remove-Item function:deactivate
            }
        }
        return
    }

    # --- Set the variables, in the order of CEP 32, and keep the old values.
    $old = [ordered] @{}
    $assign = {
        param($variable, $value)
        if ($value) {
            [Environment]::SetEnvironmentVariable($variable, $value)
        } else {
            Remove-Item -LiteralPath "Env:$variable" -ErrorAction SilentlyContinue
        }
    }
    foreach ($row in $compiled.settings | Where-Object { -not $_[2] -or [IO.File]::Exists($_[2]) }) {
        $old[$row[0]] = & $get $row[0]
        & $assign $row[0] $row[1]
    }
    $old['PATH'] = $path -join ';'
    & $assign 'PATH' (($folders + $path) -join ';')
    $prompt = $null
    if ('false', 'no', 'off', '0' -notcontains (& $get 'CONDA_CHANGEPS1') -and -not (& $get 'SEALENV_NO_PROMPT')) {
        $prompt = (Get-Item function:prompt -ErrorAction SilentlyContinue).ScriptBlock
    }
    if ($prompt) {
        $shown = "($name) "
        Set-Item function:global:prompt ({ $shown + (& $prompt) }.GetNewClosure())
    }

    # --- Leave: run deactivate.d backwards, give back the variables and the prompt.
    $list = {
        param($kind)
        $folder = [IO.Path]::Combine($here, 'etc', 'conda', "$kind.d")
        if ([IO.Directory]::Exists($folder)) {
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
    try {
        . $_sealenv_file
        if (-not $?) { throw 'its last command failed' }
    } catch {
        [Console]::Error.WriteLine("sealenv: $_sealenv_file failed: $_")
    }
}
Remove-Variable _sealenv_scripts, _sealenv_file -ErrorAction SilentlyContinue
