# Activate this environment in xonsh:   source PREFIX/activate.xsh
#
# It starts no process and writes no file. From top to bottom: find the environment, refuse what must not
# be activated, set the variables, run the scripts of the packages, leave with `deactivate`. The path and
# the variables of this environment are in etc/sealenv/env.xsh.


def _sealenv_activate(script):
    import os
    import sys

    from xonsh.built_ins import XSH

    env, aliases = XSH.env, XSH.aliases

    def say(*lines):
        print(*lines, sep="\n", file=sys.stderr, flush=True)

    def refuse(*lines):
        say(*lines)
        raise SystemExit(1)  # xonsh reports any other exception with a traceback

    def value_of(name):
        return env.get_detyped(name) or ""

    # --- Find the environment.
    here = os.path.dirname(os.path.realpath(script))
    include = os.path.join(here, "etc", "sealenv", "env.xsh")
    if not os.path.isfile(include):
        refuse(
            f"sealenv: {include} is missing: the environment was moved or removed.",
            "  next: in its folder: sealenv move --here .   Or, if it was not moved: sealenv refresh PREFIX",
        )
    compiled = {}
    with open(include, encoding="ascii") as stream:
        exec(compile(stream.read(), include, "exec"), compiled)
    prefix, name = compiled["prefix"], compiled["name"]
    own_bin = os.path.join(prefix, "bin")
    path = [entry for entry in value_of("PATH").split(os.pathsep) if entry]

    # --- Refuse an environment that is moved or unfinished, and a shell that is not clean.
    marker = os.path.join(here, "conda-meta", "sealenv.pending")
    if os.path.exists(marker):
        with open(marker, encoding="utf-8", errors="replace") as stream:
            token = stream.readline().rstrip("\n")
        if not token or token != value_of("SEALENV_CHECK_TOKEN"):
            refuse(
                f"sealenv: {here} was never finished: a create was interrupted, or is running.",
                f"  next: run the same sealenv create again, or: sealenv remove {here}",
            )
    if os.path.exists(os.path.join(here, "conda-meta", "sealenv.moving")):
        refuse(
            f"sealenv: a move of {here} was ended half way: its files hold two paths.",
            "  next: in that folder: sealenv move --here .",
        )
    if here != prefix:
        refuse(
            f"sealenv: this environment was made at {prefix}",
            f"  and was moved or copied by hand to {here}: it would not work.",
            f"  next: in that folder: sealenv move --here .   Or move it back to {prefix}",
        )
    conda = value_of("CONDA_PREFIX")
    named = [os.path.realpath(conda), os.path.realpath(value_of("SEALENV_PREFIX") or conda)]
    named = named == [prefix, prefix]
    active = named and bool(path) and os.path.realpath(path[0]) == os.path.realpath(own_bin)
    if active and "deactivate" in aliases:
        return
    found = []
    for variable, harmless, text in (
        __SEALENV_GATE__
    ):
        value = value_of(variable)
        if value and value.lower() not in harmless.split():
            found.append(f"  {variable}={value}: {text}")
    for entry in path:
        other = os.path.dirname(entry) if os.path.basename(entry) == "bin" else entry
        marks = (os.path.join(other, "conda-meta"), os.path.join(other, "pyvenv.cfg"))
        if any(map(os.path.exists, marks)) and os.path.realpath(other) != prefix:
            found.append(f"  PATH={entry}: " + __SEALENV_ON_PATH__)
    if found and not active:
        if named:
            found.append("  This environment is active, but PATH does not begin with its bin.")
        found.append(f"  next: open a new terminal, or: sealenv shell --clean {prefix}")
        refuse(f"sealenv: this shell is not clean, so {name} was not activated:", *found)

    # --- Set the variables, in the order of CEP 32, and keep the old values. Where the environment is
    # active already, nothing is set, and `deactivate` deletes the variables.
    old = {}

    def put(variable, value):
        old[variable] = None
        if not active:
            old[variable] = env[variable] if env.is_manually_set(variable) else None
            env[variable] = value

    for variable, value in compiled["variables"].items():
        put(variable, value)
    put("PATH", [own_bin, *path])
    put("CONDA_PREFIX", prefix)
    put("CONDA_SHLVL", "1")
    put("CONDA_DEFAULT_ENV", name)
    put("CONDA_PROMPT_MODIFIER", f"({name}) ")
    put("MAMBA_ROOT_PREFIX", prefix)
    put("PYTHONNOUSERSITE", "1")
    put("SEALENV_PREFIX", prefix)
    put("PIP_CONFIG_FILE", "/dev/null")
    condarc = os.path.join(prefix, ".condarc")
    if os.path.isfile(condarc):
        put("CONDARC", condarc)
        put("MAMBARC", condarc)
    if os.path.isfile(os.path.join(own_bin, "conda")):
        put("CONDA_EXE", os.path.join(own_bin, "conda"))
        put("CONDA_PYTHON_EXE", os.path.join(own_bin, "python"))
    if os.path.isfile(os.path.join(own_bin, "mamba")):
        put("MAMBA_EXE", os.path.join(own_bin, "mamba"))
    if active:
        old["PATH"] = path[1:]
    else:
        # The aliases of a hook start the conda or mamba of another environment.
        for program in ("conda", "mamba", "micromamba"):
            aliases.pop(program, None)
        shown = value_of("CONDA_CHANGEPS1").lower() not in ("false", "no", "off", "0")
        prompt = env.get("PROMPT")
        # xonsh's own prompt shows the environment by itself.
        if env.get("XONSH_INTERACTIVE") and shown and not value_of("SEALENV_NO_PROMPT"):
            if isinstance(prompt, str) and "{env_name" not in prompt:
                put("PROMPT", compiled["shown"] + prompt)

    # --- Run the scripts of the packages, and leave.
    def source(kind, backward=False):
        folder = os.path.join(prefix, "etc", "conda", kind + ".d")
        names = os.listdir(folder) if os.path.isdir(folder) else []
        for file in sorted((n for n in names if n.endswith(".xsh")), reverse=backward):
            file = os.path.join(folder, file)
            try:
                with open(file, encoding="utf-8", errors="surrogateescape") as stream:
                    XSH.builtins.execx(stream.read() + "\n", "exec", XSH.ctx, filename=file)
            except Exception as error:
                say(f"sealenv: {file} failed: {error!r}")

    def deactivate(args=None, stdin=None):
        """Leave the sealenv environment."""
        source("deactivate", backward=True)
        for variable, value in old.items():
            if value is not None:
                env[variable] = value
            elif variable in env:
                del env[variable]
        del aliases["deactivate"]

    aliases["deactivate"] = deactivate
    if not active:
        source("activate")


try:
    _sealenv_activate(__file__)
finally:
    del _sealenv_activate
