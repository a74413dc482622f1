# Activate this environment in nushell (0.101 or newer):   overlay use PREFIX/activate.nu
#
# It starts no process and writes no file. From top to bottom: find the environment, refuse what must not
# be activated, set the variables, run the scripts of the packages. `deactivate` hides the overlay, and
# with it every change of the variables. The path and the variables of this environment are in
# etc/sealenv/env.nu. nushell has to know scripts when it parses: they are listed in etc/sealenv/scripts.nu.

# --- Find the environment.
const here = path self .
const include = path self etc/sealenv/env.nu
const scripts = path self etc/sealenv/scripts.nu

use $include [prefix name shown variables leavers]

def refuse [...lines: string] {
    error make --unspanned { msg: ($lines | str join (char newline)) }
}

# The value of a variable as one text.
def text [name: string]: nothing -> string {
    $env | get --optional $name | default "" | into string
}

def is-named []: nothing -> bool {
    let ours = text SEALENV_PREFIX
    let named = [(text CONDA_PREFIX) (if ($ours | is-empty) { text CONDA_PREFIX } else { $ours })]
    $named | all {|it| ($it | is-not-empty) and ($it | path expand) == $prefix }
}

def folders []: nothing -> list<any> {
    let path = $env.PATH? | default []
    let path = if ($path | describe) == "string" { $path | split row (char esep) } else { $path }
    $path | where {|it| $it != "" }
}

# --- Refuse a shell that is not clean.
def gate [] {
    let variables = [
        __SEALENV_GATE__
    ] | insert value {|it| text $it.name } | where {|it|
        ($it.value | is-not-empty) and ($it.value | str downcase) not-in $it.harmless
    } | each {|it| $"  ($it.name)=($it.value): ($it.text)" }
    let folders = folders | where {|it|
        let other = $it | str replace --regex '/bin$' ""
        let marks = [($other | path join "conda-meta") ($other | path join "pyvenv.cfg")]
        ($marks | any {|mark| $mark | path exists }) and ($other | path expand) != $prefix
    } | each {|it| $"  PATH=($it): " + __SEALENV_ON_PATH__ }
    let found = $variables | append $folders
    if ($found | is-not-empty) {
        let reason = if (is-named) { ["  This environment is active, but PATH does not begin with its bin."] } else { [] }
        (refuse
            $"sealenv: this shell is not clean, so ($name) was not activated:" ...$found ...$reason
            $"  next: open a new terminal, or: sealenv shell --clean ($prefix)"
        )
    }
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
    let own = $prefix | path join "bin"
    let path = folders
    # An environment that is active already stays as it is.
    if not ((is-named) and ($path | get --optional 0 | default "" | path expand) == ($own | path expand)) {
        gate
        if ($leavers | is-not-empty) {
            print --stderr $"sealenv: nushell cannot run these on deactivate: ($leavers | str join ', ')"
        }

        # --- Set the variables, in the order of CEP 32.
        load-env $variables
        $env.PATH = $path | prepend $own
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
        let condarc = $prefix | path join ".condarc"
        if ($condarc | path exists) {
            load-env {CONDARC: $condarc, MAMBARC: $condarc}
        }
        if ($own | path join "conda" | path exists) {
            load-env {CONDA_EXE: ($own | path join "conda"), CONDA_PYTHON_EXE: ($own | path join "python")}
        }
        if ($own | path join "mamba" | path exists) {
            load-env {MAMBA_EXE: ($own | path join "mamba")}
        }
        let changes = (text CONDA_CHANGEPS1 | str downcase) not-in ["false" "no" "off" "0"]
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
}

export alias deactivate = overlay hide activate --keep-env [PWD]
