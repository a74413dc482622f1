# Activate this environment in xonsh:   source PREFIX/activate.xsh
#
# It starts no process and writes no file. From top to bottom: find the environment, refuse what must not
# be activated, set the variables (listed in etc/sealenv/env.xsh), run the scripts of the packages.
# `deactivate` gives everything back.


def _sealenv_activate(script):
    import os
    import sys
    from pathlib import Path

    from xonsh.built_ins import XSH

    env, aliases = XSH.env, XSH.aliases

    def value_of(name):
        return env.get_detyped(name) or ""

    def say(*lines):
        print(*lines, sep="\n", file=sys.stderr, flush=True)

    def refuse(*lines):
        say(*lines)
        raise SystemExit(1)  # xonsh reports any other exception with a traceback

    # --- Find the environment.
    here = Path(script).resolve().parent
    prefix = Path(__SEALENV_PREFIX__)
    include = here / "etc/sealenv/env.xsh"

    # --- Refuse an environment that is moved or unfinished.
    marker = here / "conda-meta/sealenv.pending"
    token = marker.read_text("utf-8", "replace").partition("\n")[0] if marker.exists() else None
    if token is not None and (not token or token != value_of("SEALENV_CHECK_TOKEN")):
        refuse(
            f"sealenv: {here} was never finished: a create was interrupted, or is running.",
            f"  next: run the same sealenv create again, or: sealenv remove {here}",
        )
    if (here / "conda-meta/sealenv.moving").exists():
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
    if not include.is_file():
        refuse(f"sealenv: {include} is missing.", f"  next: sealenv repair {here}")

    # --- Refuse a shell that is not clean. The active environment stays as it is.
    path = [entry for entry in value_of("PATH").split(os.pathsep) if entry]
    conda = value_of("CONDA_PREFIX")
    owners = {Path(conda).resolve(), Path(value_of("SEALENV_PREFIX") or conda).resolve()}
    active = conda != "" and owners == {prefix}
    found = []
    if active:
        if [Path(entry).resolve() for entry in path[:1]] != [(prefix / "bin").resolve()]:
            found.append("  This environment is active, but PATH does not begin with its bin.")
    else:
        for variable, harmless, text in (
            __SEALENV_GATE__
        ):
            value = value_of(variable)
            if value and value.lower() not in harmless.split():
                found.append(f"  {variable}={value}: {text}")
        for entry in path:
            other = Path(entry).parent if Path(entry).name == "bin" else Path(entry)
            marks = (other / "conda-meta", other / "pyvenv.cfg")
            if any(map(os.path.exists, marks)) and other.resolve() != prefix:
                found.append(f"  PATH={entry}: " + __SEALENV_ON_PATH__)
    if found:
        found.append(f"  next: open a new terminal, or: sealenv shell --clean {prefix}")
        refuse(f"sealenv: this shell is not clean, so {prefix.name} was not activated:", *found)
    if active and "deactivate" in aliases:
        return

    # --- Set the variables, in the order of CEP 32, and keep the old values. Where the environment is
    # active already, nothing is set, and `deactivate` deletes the variables.
    compiled, old = {}, {}
    exec(compile(include.read_text("ascii"), include, "exec"), compiled)
    for variable, value, needs in compiled["settings"]:
        if needs and not os.path.isfile(needs):
            continue
        old[variable] = env[variable] if env.is_manually_set(variable) and not active else None
        if not active:
            env[variable] = [value, *path] if variable == "PATH" else value
    if active:
        old["PATH"] = path[1:]
    # xonsh's own prompt shows the environment by itself.
    prompt = env.get("PROMPT")
    hidden = active or value_of("SEALENV_NO_PROMPT") or not env.get("XONSH_INTERACTIVE")
    hidden = hidden or value_of("CONDA_CHANGEPS1").lower() in ("false", "no", "off", "0")
    if not hidden and isinstance(prompt, str) and "{env_name" not in prompt:
        old["PROMPT"] = prompt if env.is_manually_set("PROMPT") else None
        env["PROMPT"] = __SEALENV_SHOWN__ + prompt

    # --- Run the scripts of the packages, and leave.
    def source(kind, backward=False):
        for file in sorted(prefix.glob(f"etc/conda/{kind}.d/*.xsh"), reverse=backward):
            try:
                text = file.read_text("utf-8", "surrogateescape")
                XSH.builtins.execx(text + "\n", "exec", XSH.ctx, filename=str(file))
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
        # The aliases of a hook start the conda or mamba of another environment.
        for program in ("conda", "mamba", "micromamba"):
            aliases.pop(program, None)
        source("activate")


try:
    _sealenv_activate(__file__)
finally:
    del _sealenv_activate
