# Activate this environment in nushell (0.101 or newer):   overlay use PREFIX/activate.nu
#
# It starts no process and writes no file. From top to bottom: find the environment, refuse what must not
# be activated, set the variables (listed in etc/sealenv/env.nu), run the scripts of the packages (listed
# in etc/sealenv/scripts.nu, as nushell has to know scripts when it parses). `deactivate` hides the
# overlay, and with it every change of the variables.

# --- Find the environment.
const here = path self .
const include = path self etc/sealenv/env.nu
const scripts = path self etc/sealenv/scripts.nu
const prefix = __SEALENV_PREFIX__

use $include [settings leavers]

def refuse [...lines: string] {
    error make --unspanned { msg: ($lines | str join (char newline)) }
}

# The value of a variable as one text.
def text [name: string]: nothing -> string {
    $env | get --optional $name | default "" | into string
}

def in_meta [name: string]: nothing -> bool {
    $here | path join "conda-meta" $name | path exists
}

# What of the gate is set in this shell.
def gate []: nothing -> list<string> {
    [
        __SEALENV_GATE__
    ] | insert value {|it| text $it.name } | where {|it|
        ($it.value | is-not-empty) and ($it.value | str downcase) not-in $it.harmless
    } | each {|it| $"  ($it.name)=($it.value): ($it.text)" }
}

# What a folder on PATH is: `own`, of `another` environment, with a `python`, or nothing of these.
def kind [folder: string]: nothing -> string {
    let root = $folder | str replace --regex '(.)/bin$' '$1'
    let has = {|place: string, name: string| $place | path join $name | path exists }
    if ($root | path expand) == $prefix { "own" } else if (do $has $root "conda-meta") or (do $has $root "pyvenv.cfg") {
        "another"
    } else if (do $has $folder "python") or (do $has $folder "python3") { "python" } else { "" }
}

export-env {
    # --- Refuse an environment that is unfinished or moved, and a shell that is not clean.
    if (in_meta "sealenv.pending") or (in_meta "sealenv.moving") {
        (refuse
            $"sealenv: ($here) is unfinished: a create or a move was interrupted, or is running."
            "  next: run the same sealenv create or move again, or in that folder: sealenv move --here ."
        )
    }
    if ($here | path expand) != $prefix {
        (refuse
            $"sealenv: this environment was made at ($prefix)"
            $"  and was moved or copied by hand to ($here): it would not work."
            $"  next: in that folder: sealenv move --here .   Or move it back to ($prefix)"
        )
    }
    let path = $env.PATH? | default [] | split row (char esep) | where {|it| $it != "" }
    let folders = $path | each {|it| {folder: $it, kind: (kind $it)} }
    let owners = [(text CONDA_PREFIX) (text SEALENV_PREFIX)] | where {|it| $it != "" } | path expand
    let active = (text CONDA_PREFIX) != "" and ($owners | all {|it| $it == $prefix })
    let first = $folders | where kind in ["own" "python"] | get --optional 0.kind
    let found = if $active { [] } else { gate } | append (
        $folders | where kind == "another" | each {|it| $"  PATH=($it.folder): " + __SEALENV_ON_PATH__ }
    ) | append (if $active and $first != "own" {
        [($"  PATH=($path | str join ':'): this environment is active, but its programs do not come first; "
            + "to clear it: hide-env --ignore-errors CONDA_PREFIX CONDA_SHLVL SEALENV_PREFIX   Then activate it again.")]
    } else { [] })
    if ($found | is-not-empty) {
        (refuse
            $"sealenv: this shell is not clean, so ($prefix | path basename) was not activated:" ...$found
            $"  next: open a new terminal, or: sealenv shell --clean '($prefix)'"
        )
    }
    # An environment that is active already stays as it is.
    if not $active {
        if ($leavers | is-not-empty) {
            print --stderr $"sealenv: nushell cannot run these on deactivate: ($leavers | str join ', ')"
        }

        # --- Set the variables, in the order of CEP 32.
        for setting in ($settings | where {|it| $it.2 == "" or ($it.2 | path exists) }) {
            load-env {($setting.0): (if $setting.0 == "PATH" { $path | prepend $setting.1 } else { $setting.1 })}
        }
        let changes = (text CONDA_CHANGEPS1 | str downcase) not-in ["false" "no" "off" "0"]
        if $nu.is-interactive and $changes and ($env.SEALENV_NO_PROMPT? | is-empty) {
            let prompt = $env.PROMPT_COMMAND?
            $env.PROMPT_COMMAND = match ($prompt | describe) {
                "closure" => {|| __SEALENV_SHOWN__ + (do $prompt) }
                "string" => (__SEALENV_SHOWN__ + $prompt)
                _ => {|| __SEALENV_SHOWN__ + (pwd) }
            }
        }
        source $scripts
    }
}

export alias deactivate = overlay hide activate --keep-env [PWD]
