# Activate this environment in xonsh:   source PREFIX/activate.xsh
#
# It starts no process and writes no file. From top to bottom: find the environment, refuse what must not
# be activated, set the variables (listed in etc/sealenv/env.xsh), run the scripts of the packages.
# `deactivate` gives back what this script has changed.


def _sealenv_activate(script):
    import os
    import sys
    from pathlib import Path

    from xonsh.built_ins import XSH

    env, aliases = XSH.env, XSH.aliases

    def value_of(name):
        return env.get_detyped(name) or ""

    def refuse(*lines):
        print(*lines, sep="\n", file=sys.stderr, flush=True)
        raise SystemExit(1)  # xonsh reports any other exception with a traceback

    # --- Find the environment.
    here = Path(script).resolve().parent
    prefix = Path(__SEALENV_PREFIX__)

    # --- Refuse an environment that is unfinished or moved.
    if any((here / "conda-meta" / f"sealenv.{state}").exists() for state in ("pending", "moving")):
        refuse(
            f"sealenv: {here} is unfinished: a create or a move was interrupted, or is running.",
            "  next: run the same sealenv create or move again, or in that folder: sealenv move --here .",
        )
    if here != prefix:
        refuse(
            f"sealenv: this environment was made at {prefix}",
            f"  and was moved or copied by hand to {here}: it would not work.",
            f"  next: in that folder: sealenv move --here .   Or move it back to {prefix}",
        )

    # --- Refuse a shell that is not clean. The active environment stays as it is.
    path = [entry for entry in value_of("PATH").split(os.pathsep) if entry]
    conda = value_of("CONDA_PREFIX")
    owners = {Path(conda).resolve(), Path(value_of("SEALENV_PREFIX") or conda).resolve()}
    active = conda != "" and owners == {prefix}
    found, first = [], []
    for variable, harmless, text in () if active else (
        __SEALENV_GATE__
    ):
        value = value_of(variable)
        if value and value.lower() not in harmless.split():
            found.append(f"  {variable}={value}: {text}")
    # The folders on PATH: which has a Python first, and does one belong to another environment?
    for entry in map(Path, path):
        root = entry.parent if entry.name == "bin" else entry
        if root.resolve() == prefix:
            first.append("own")
        elif (root / "conda-meta").is_dir() or (root / "pyvenv.cfg").is_file():
            found.append(f"  PATH={entry}: " + __SEALENV_ON_PATH__)
        elif (entry / "python").exists() or (entry / "python3").exists():
            first.append("another")
    if active and first[:1] != ["own"]:
        # A shell inside the active one, as of tmux, has no `deactivate`.
        names = ("CONDA_PREFIX", "CONDA_SHLVL", "SEALENV_PREFIX")
        clear = "; ".join(f"del ${name}" for name in names if value_of(name))
        clear = "deactivate" if "deactivate" in aliases else clear
        found.append(f"  PATH={value_of('PATH')}: this environment is active, but its programs do not come first; to clear it: {clear}   Then activate it again.")
    if found:
        found.append(f"  next: open a new terminal, or: sealenv shell --clean '{prefix}'")
        refuse(f"sealenv: this shell is not clean, so {prefix.name} was not activated:", *found)
    if active:

        def nothing_to_give_back(args=None, stdin=None):
            print("sealenv: activate.xsh has changed nothing here. Leave with exit, or with the tool that activated the environment.", file=sys.stderr)
            del aliases["deactivate"]

        aliases.setdefault("deactivate", nothing_to_give_back)
        return

    # --- Set the variables, in the order of CEP 32, and keep the old values.
    include, compiled, old = prefix / "etc/sealenv/env.xsh", {}, {}
    exec(compile(include.read_text("ascii"), include, "exec"), compiled)
    for variable, value, needs in compiled["settings"]:
        if not needs or os.path.isfile(needs):
            old[variable] = env[variable] if env.is_manually_set(variable) else None
            env[variable] = [value, *path] if variable == "PATH" else value
    # xonsh's own prompt shows the environment by itself.
    prompt = env.get("PROMPT")
    hidden = value_of("SEALENV_NO_PROMPT") or not env.get("XONSH_INTERACTIVE")
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
                print(f"sealenv: {file} failed: {error!r}", file=sys.stderr)

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
    source("activate")


try:
    _sealenv_activate(__file__)
finally:
    del _sealenv_activate
