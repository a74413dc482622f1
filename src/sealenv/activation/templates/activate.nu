# sealenv activation for nushell (0.101 or newer):   overlay use PREFIX/activate.nu
#
# Static: it starts no process and writes no file. What differs between environments is in
# etc/sealenv/env.nu, and the packages' own scripts, which nushell has to know when it parses, are
# listed in etc/sealenv/scripts.nu; both are compiled by sealenv. Leaving is `deactivate`: nushell
# hides the overlay and with it every change of the environment variables; no script can run then.

const here = path self .
const include = path self etc/sealenv/env.nu
const scripts = path self etc/sealenv/scripts.nu

use $include [prefix name shown quoted variables leavers]

def newer [path: string]: nothing -> bool {
    try {
        (ls --directory $path | first | get modified) > (ls --directory $include | first | get modified)
    } catch {
        false
    }
}

def refuse [...lines: string] {
    error make --unspanned { msg: ($lines | str join (char newline)) }
}

# Was this shell, or a process above it, started inside an environment of ours? (Linux alone.) Where
# `sealenv shell` has started this shell it has looked already.
def above [start: int]: nothing -> list<any> {
    mut pid = if $env._SEALENV_FRESH? == $start { 0 } else { $start }
    while $pid > 1 {
        let id = $pid
        let block = try { open --raw $"/proc/($id)/environ" | into binary } catch { 0x[] }
        # Each variable stands behind a NUL, but for the first one.
        let inside = ["SEALENV_PREFIX=/" "SEALENV_INSIDE=/"] | any {|it|
            (bytes build 0x[00] $block | bytes index-of (bytes build 0x[00] ($it | into binary))) >= 0
        }
        if $inside {
            return [{name: ancestor, value: $"process ($id)", harmless: "", __SEALENV_ANCESTOR__}]
        }
        $pid = try {
            open --raw $"/proc/($id)/status" | decode utf-8 | lines | where {|it| $it starts-with "PPid:" }
            | first | split row (char tab) | last | into int
        } catch { 0 }
    }
    []
}

# The variables that stand for this one of the gate: pip takes a name in any case, with - for _ and with
# two more of them in front.
def spellings [row: record]: nothing -> list<any> {
    if not ($row.name | str starts-with "PIP_") { return [$row] }
    $env | columns | where {|it|
        let option = $it | str upcase | str replace --all "-" "_" | str replace "PIP___" "PIP_"
        ($it | str starts-with "PIP_") and $option == $row.name
    } | each {|it|
        let clear = $row.clear | str replace $row.name $it
        $row | update name $it | update value ($env | get $it) | update clear $clear
    }
}

export-env {
    let found = [
        __SEALENV_GATE__
    ] | each {|it| spellings $it } | flatten | where {|it| ($it.value | is-not-empty) and ($"($it.value)" | str downcase) not-in ($it.harmless | split row " ") }
    # An activation sets these to the file of its environment. Whoever only took SEALENV_PREFIX away is a
    # child of it.
    let left = [
        __SEALENV_RC_FILES__
    ] | insert value {|it| $env | get --optional $it.name | default "" | into string } | where {|it|
        let seal = $it.value | str replace --regex '/\.condarc$' "/conda-meta/sealenv"
        ($env.SEALENV_PREFIX? | is-empty) and $seal != $it.value and ($seal | path exists)
    } | insert what __SEALENV_LEFT_BY_OURS__
    # A command or an alias of that name comes before PATH; one that starts a program of the environment,
    # such as pip = python -m pip, does not matter.
    let shadows = [
        __SEALENV_SHADOWS__
    ] | where {|it|
        let is = which $it.name | get --optional 0.type
        let text = scope aliases | where name == $it.name | get --optional 0.expansion | default ""
        $is in [custom alias] and ($text | split row " " | first | str trim --char "^") not-in [__SEALENV_PROGRAMS__]
    } | insert value "(a command or an alias)"
    let found = $found | append $left | append $shadows | append (above $nu.pid)
    if ($found | is-not-empty) {
        # A control character could be a word to the terminal.
        let lines = $found | each {|it|
            let shown = $"($it.value)" | str replace --all --regex '\p{Cc}' "?"
            $"  ($it.name)=($shown): ($it.what); to clear it: ($it.clear)"
        }
        let next = if ($found | any {|it| $it.name in [SEALENV_PREFIX CONDARC MAMBARC ancestor] }) {
            ["Nothing was changed. For another environment open a new terminal."]
        } else {
            [
                "Nothing was changed. For a clean shell open a new terminal, or run:"
                $"  sealenv shell --clean ($quoted)"
            ]
        }
        refuse $"sealenv: this shell is not clean, so ($name) was not activated:" ...$lines ...$next
    }
    let marker = $here | path join "conda-meta" "sealenv.pending"
    if ($marker | path exists --no-symlink) {
        let line = try { open --raw $marker | lines | first } catch { "" }
        if ($line | is-empty) or $line != $env.SEALENV_CHECK_TOKEN? {
            (refuse
                $"sealenv: ($here) was never finished: a create was interrupted, or is at work."
                $"  next: run the same sealenv create again, or: sealenv remove ($quoted)"
            )
        }
    }
    if ($here | path join "conda-meta" "sealenv.moving" | path exists) {
        (refuse
            $"sealenv: a move of ($here) was ended half way: its files hold two paths."
            "  next: in that folder, finish it: sealenv move --here ."
        )
    }
    if ($here | path expand) != $prefix {
        (refuse
            $"sealenv: this environment was made at ($prefix)"
            $"  and was moved or copied by hand to ($here): it would not work."
            "  next: in that folder, mend it: sealenv move --here ."
            $"  or move it back to ($prefix), or make it anew with: sealenv create"
        )
    }
    let vars = $prefix | path join "etc" "conda" "env_vars.d"
    let inputs = [
        ($prefix | path join "conda-meta" "state")
        $vars
        ($prefix | path join "etc" "conda" "activate.d")
        ...(try { ls --full-paths $vars | get name } catch { [] })
    ]
    if ($inputs | any {|it| newer $it }) {
        print --stderr "sealenv: the variables or scripts of this environment changed after its own were made."
        print --stderr $"  next: sealenv refresh ($quoted)"
    }
    if ($leavers | is-not-empty) {
        print --stderr $"sealenv: nushell cannot run these on deactivate: ($leavers | str join ', ')"
    }

    # What other tools have left, and what would come before the environment's own settings. Nothing is
    # no value to a program, and unlike what is hidden it gives the old one back with the overlay.
    let left = $env | columns | where {|it|
        ($it in [__SEALENV_CLEARED__]) or ($it =~ '__SEALENV_PATTERN__' and $it not-in [__SEALENV_HONOURED__])
    }
    let paths = [__SEALENV_PATHS__] | where {|it| ($env | get --optional $it | default "" | into string) =~ '[/$~]' }
    load-env ($left | append $paths | reduce --fold {} {|it, all| $all | insert $it null })
    load-env $variables
    let own = $prefix | path join "bin"
    let path = $env.PATH? | default []
    let path = if ($path | describe) == "string" { $path | split row (char esep) } else { $path }
    $env.PATH = ($path | where {|it| $it not-in [$own ""] } | prepend $own)
    load-env {
        CONDA_PREFIX: $prefix
        CONDA_SHLVL: "1"
        CONDA_DEFAULT_ENV: $name
        CONDA_PROMPT_MODIFIER: $"\(($name)\) "
        MAMBA_ROOT_PREFIX: $prefix
        PYTHONNOUSERSITE: "1"
        SEALENV_PREFIX: $prefix
        PIP_CONFIG_FILE: "/dev/null"
    }
    # No pip.conf, and no .condarc or .mambarc but the environment's own.
    let condarc = $prefix | path join ".condarc"
    if ($condarc | path exists) {
        load-env {CONDARC: $condarc, MAMBARC: $condarc}
    }
    # Which programs the hooks of conda and mamba start.
    if ($own | path join "conda" | path exists) {
        load-env {CONDA_EXE: ($own | path join "conda"), CONDA_PYTHON_EXE: ($own | path join "python")}
    }
    if ($own | path join "mamba" | path exists) {
        load-env {MAMBA_EXE: ($own | path join "mamba")}
    }
    let changes = ($env.CONDA_CHANGEPS1? | default "" | into string | str downcase) not-in [false no off "0" "false"]
    if $nu.is-interactive and $changes and ($env.SEALENV_NO_PROMPT? | is-empty) {
        let prompt = $env.PROMPT_COMMAND?
        $env.PROMPT_COMMAND = match ($prompt | describe) {
            "closure" => {|| $"($shown)(do $prompt)" }
            "string" => $"($shown)($prompt)"
            _ => {|| $"($shown)(pwd)" }
        }
    }
    source $scripts
}

export alias deactivate = overlay hide activate --keep-env [PWD]
