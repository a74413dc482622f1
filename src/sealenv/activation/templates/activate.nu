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

# --- Refuse a shell that is not clean.
def gate [path: list<any>] {
    let variables = [
        __SEALENV_GATE__
    ] | insert value {|it| text $it.name } | where {|it|
        ($it.value | is-not-empty) and ($it.value | str downcase) not-in $it.harmless
    } | each {|it| $"  ($it.name)=($it.value): ($it.text)" }
    let folders = $path | where {|it|
        let other = $it | str replace --regex '/bin$' ""
        let marks = [($other | path join "conda-meta") ($other | path join "pyvenv.cfg")]
        ($marks | any {|mark| $mark | path exists }) and ($other | path expand) != $prefix
    } | each {|it| $"  PATH=($it): " + __SEALENV_ON_PATH__ }
    $variables | append $folders
}

export-env {
    # --- Refuse an environment that is moved or unfinished.
    let marker = $here | path join "conda-meta" "sealenv.pending"
    if ($marker | path exists) {
        let line = try { open --raw $marker | lines | first } catch { "" }
        if ($line | is-empty) or $line != $env.SEALENV_CHECK_TOKEN? {
            (refuse
                $"sealenv: ($here) was never finished: a create was interrupted, or is running."
                $"  next: run the same sealenv create again, or: sealenv remove ($here)"
            )
        }
    }
    if ($here | path join "conda-meta" "sealenv.moving" | path exists) {
        (refuse
            $"sealenv: a move of ($here) was ended half way: its files hold two paths."
            "  next: in that folder: sealenv move --here ."
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
    let owners = [(text CONDA_PREFIX) (text SEALENV_PREFIX)] | where {|it| $it != "" } | path expand
    let active = (text CONDA_PREFIX) != "" and ($owners | all {|it| $it == $prefix })
    let first = $path | get --optional 0 | default "" | path expand
    let found = if not $active { gate $path } else if $first != ($prefix | path join "bin" | path expand) {
        ["  This environment is active, but PATH does not begin with its bin."]
    } else { [] }
    if ($found | is-not-empty) {
        (refuse
            $"sealenv: this shell is not clean, so ($prefix | path basename) was not activated:" ...$found
            $"  next: open a new terminal, or: sealenv shell --clean ($prefix)"
        )
    }
    # An environment that is active already stays as it is.
    if not $active {
        if ($leavers | is-not-empty) {
            print --stderr $"sealenv: nushell cannot run these on deactivate: ($leavers | str join ', ')"
        }

        # --- Set the variables, in the order of CEP 32.
        for setting in $settings {
            let needs = $setting.2
            let value = if $setting.0 == "PATH" { $path | prepend $setting.1 } else { $setting.1 }
            if $needs == "" or ($needs | path exists) {
                load-env {($setting.0): $value}
            }
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
