# sealenv activation for xonsh. Source it:   source PREFIX/activate.xsh
#
# Static: it starts no process and writes no file. What differs between environments is in
# etc/sealenv/env.xsh, compiled by sealenv. All of it is plain Python, in one function that is taken
# back, so that nothing of ours stays among the user's names but the alias `deactivate`.


def _sealenv_activate(script):
    import os
    import re
    import sys

    from xonsh.built_ins import XSH

    env, aliases = XSH.env, XSH.aliases

    def say(*lines):
        print(*lines, sep="\n", file=sys.stderr, flush=True)

    def refuse(*lines):
        say(*lines)
        # Any other exception is reported by xonsh with a box of its own.
        raise SystemExit(1)

    def value_of(name):
        return env.get_detyped(name) or ""

    def load(path):
        names = {}
        with open(path, encoding="ascii") as stream:
            exec(compile(stream.read(), path, "exec"), names)
        return names

    def source(kind, backward=False):
        folder = os.path.join(prefix, "etc", "conda", kind + ".d")
        try:
            found = [n for n in os.listdir(folder) if n.endswith(".xsh") and n[0] != "."]
        except OSError:
            return
        for name in sorted(found, key=os.fsencode, reverse=backward):
            path = os.path.join(folder, name)
            if not os.path.isfile(path):
                continue
            with open(path, encoding="utf-8", errors="surrogateescape") as stream:
                text = stream.read()
            hidden = {n: XSH.ctx.pop(n) for n in ("__file__", "__name__") if n in XSH.ctx}
            XSH.ctx.update(__file__=path, __name__=path)
            try:
                XSH.builtins.execx(text + "\n", "exec", XSH.ctx, filename=path)
            except Exception as error:
                say(f"sealenv: {path}: {error!r}")
            finally:
                for n in ("__file__", "__name__"):
                    XSH.ctx.pop(n, None)
                XSH.ctx.update(hidden)

    def above():
        # Was this shell, or a process above it, started inside an environment of ours? (Linux alone.)
        # Where `sealenv shell` has started this shell it has looked already.
        pid = os.getpid()
        if XSH.ctx.pop("_sealenv_fresh", None) == pid:
            return []
        while pid > 1:
            try:
                with open(f"/proc/{pid}/stat", "rb") as stream:
                    parent = int(stream.read().rpartition(b")")[2].split()[1])
            except (OSError, ValueError, IndexError):
                return []
            try:
                with open(f"/proc/{pid}/environ", "rb") as stream:
                    block = stream.read().split(b"\0")
            except OSError:
                block = []
            if any(item.startswith((b"SEALENV_PREFIX=/", b"SEALENV_INSIDE=/")) for item in block):
                what, clear = __SEALENV_ANCESTOR__
                return [f"  ancestor=process {pid}", f"      {what}", f"      to clear it: {clear}"]
            pid = parent
        return []

    def older(path, other):
        try:
            return os.stat(path).st_mtime_ns < os.stat(other).st_mtime_ns
        except OSError:
            return False

    carried = __SEALENV_PREFIX__
    here = os.path.dirname(os.path.abspath(script)) if os.path.isfile(script) else carried
    if not os.path.isdir(os.path.join(here, "conda-meta")):
        # A link to the script alone: the recorded path has the same file.
        if os.path.realpath(script) == os.path.realpath(os.path.join(carried, "activate.xsh")):
            here = carried
    include = os.path.join(here, "etc", "sealenv", "env.xsh")
    if not os.path.isdir(os.path.join(here, "conda-meta")):
        refuse(
            f"sealenv: there is no environment at {here}: it was moved or removed.",
            "  next: in the folder where it is now, mend it: sealenv move --here .",
            f"  or move it back to {carried}, or make it anew with: sealenv create",
        )
    if not os.path.isfile(include):
        refuse(f"sealenv: {include} is missing.", "  next: sealenv refresh PREFIX")
    compiled = load(include)
    prefix, name, quoted = compiled["prefix"], compiled["name"], compiled["quoted"]

    # pip takes a name in any case, with - for _ and with two more of them in front.
    spelled = {}
    for variable in list(map(str, env)):
        if variable.startswith("PIP_"):
            option = variable[4:].upper().replace("-", "_")
            option = option[2:] if option.startswith("__") else option
            spelled.setdefault("PIP_" + option, []).append(variable)

    found = []
    inside = False

    def tell(variable, value, what, clear):
        # What is not printable could be a word to the terminal.
        shown = "".join(c if c.isprintable() else "?" for c in value)
        found.extend([f"  {variable}={shown}", f"      {what}", f"      to clear it: {clear}"])

    for known, harmless, what, clear in (
        __SEALENV_GATE__
    ):
        for variable in spelled.get(known, [known]):
            value = value_of(variable)
            if value and value.lower() not in harmless.split():
                tell(variable, value, what, clear.replace(known, variable))
                inside = inside or variable == "SEALENV_PREFIX"
    # An activation sets these to the file of its environment. Whoever only took SEALENV_PREFIX away is a
    # child of it.
    for variable, clear in (
        __SEALENV_RC_FILES__
    ):
        folder, file = os.path.split(value_of(variable))
        seal = os.path.join(folder, "conda-meta", "sealenv")
        if not inside and folder and file == ".condarc" and os.path.isfile(seal):
            tell(variable, value_of(variable), __SEALENV_LEFT_BY_OURS__, clear)
            inside = True
    # An alias comes before PATH; one that starts a program of the environment does not matter.
    for program, what, clear in (
        __SEALENV_SHADOWS__
    ):
        stands = aliases.get(program) if program in aliases else None
        if stands is not None and not (isinstance(stands, list) and stands[0] in (__SEALENV_PROGRAMS__)):
            found += [f"  {program}=(an alias)", f"      {what}", f"      to clear it: {clear}"]
    ancestors = above()
    if found or ancestors:
        ways = [
            "Nothing was changed. For a clean shell open a new terminal, or run:",
            f"  sealenv shell --clean {quoted}",
        ]
        if inside or ancestors:
            ways = ["Nothing was changed. For another environment open a new terminal."]
        start = f"sealenv: this shell is not clean, so {name} was not activated:"
        refuse(start, *found, *ancestors, *ways)

    marker = os.path.join(here, "conda-meta", "sealenv.pending")
    if os.path.lexists(marker):
        try:
            with open(marker, encoding="utf-8", errors="surrogateescape") as stream:
                line = stream.readline().rstrip("\n")
        except OSError:
            line = ""
        if not line or line != value_of("SEALENV_CHECK_TOKEN"):
            refuse(
                f"sealenv: {here} was never finished: a create was interrupted, or is at work.",
                f"  next: run the same sealenv create again, or: sealenv remove {quoted}",
            )
    if os.path.exists(os.path.join(here, "conda-meta", "sealenv.moving")):
        refuse(
            f"sealenv: a move of {here} was ended half way: its files hold two paths.",
            "  next: in that folder, finish it: sealenv move --here .",
        )
    try:
        same = os.path.samefile(here, prefix)
    except OSError:
        same = False
    if not same:
        refuse(
            f"sealenv: this environment was made at {prefix}",
            f"  and was moved or copied by hand to {here}: it would not work.",
            "  next: in that folder, mend it: sealenv move --here .",
            f"  or move it back to {prefix}, or make it anew with: sealenv create",
        )
    folder = os.path.join(prefix, "etc", "conda", "env_vars.d")
    sources = [folder, os.path.join(prefix, "conda-meta", "state")]
    if os.path.isdir(folder):
        sources += [os.path.join(folder, n) for n in os.listdir(folder) if n.endswith(".json")]
    if any(older(include, path) for path in sources):
        say(
            "sealenv: the variables of this environment changed after its scripts were made.",
            f"  next: sealenv refresh {quoted}",
        )

    old = {}

    def put(variable, value):
        if variable not in old:
            old[variable] = (True, env[variable]) if env.is_manually_set(variable) else (False, None)
        env[variable] = value

    # What other tools have left, and what would come before the environment's own settings.
    kept = {__SEALENV_HONOURED__}
    dropped = [n for n in (__SEALENV_CLEARED__) if n in env]
    dropped += [n for n in env if str(n).startswith((__SEALENV_FAMILIES__)) and n not in kept]
    dropped += [n for known in (__SEALENV_CLEARED__) for n in spelled.get(known, ()) if n != known]
    dropped += [n for n in (__SEALENV_PATHS__,) if any(c in value_of(n) for c in "/$~")]
    for variable in dropped:
        if env.is_manually_set(variable):
            old[variable] = (True, env[variable])
            del env[variable]
    for variable, value in compiled["variables"].items():
        put(variable, value)
    own_bin = os.path.join(prefix, "bin")
    rest = [entry for entry in value_of("PATH").split(os.pathsep) if entry != own_bin]
    put("PATH", [own_bin] + (rest if rest != [""] else []))
    put("CONDA_PREFIX", prefix)
    put("CONDA_SHLVL", "1")
    put("CONDA_DEFAULT_ENV", name)
    put("CONDA_PROMPT_MODIFIER", f"({name}) ")
    put("MAMBA_ROOT_PREFIX", prefix)
    put("PYTHONNOUSERSITE", "1")
    put("SEALENV_PREFIX", prefix)
    # No pip.conf, and no .condarc or .mambarc but the environment's own.
    put("PIP_CONFIG_FILE", "/dev/null")
    condarc = os.path.join(prefix, ".condarc")
    if os.path.isfile(condarc):
        put("CONDARC", condarc)
        put("MAMBARC", condarc)
    # Which programs the hooks of conda and mamba start.
    if os.path.isfile(os.path.join(own_bin, "conda")):
        put("CONDA_EXE", os.path.join(own_bin, "conda"))
        put("CONDA_PYTHON_EXE", os.path.join(own_bin, "python"))
    if os.path.isfile(os.path.join(own_bin, "mamba")):
        put("MAMBA_EXE", os.path.join(own_bin, "mamba"))
    # xonsh's own prompt shows the environment by itself, through {env_name}.
    changes = not re.fullmatch("(?i)false|no|off|0", value_of("CONDA_CHANGEPS1"))
    if env.get("XONSH_INTERACTIVE") and changes and not value_of("SEALENV_NO_PROMPT"):
        prompt = env.get("PROMPT")
        if isinstance(prompt, str) and "{env_name" not in prompt:
            put("PROMPT", compiled["shown"] + prompt)

    hidden = aliases.get("deactivate") if "deactivate" in aliases else None

    def deactivate(args=None, stdin=None):
        """Leave the sealenv environment."""
        source("deactivate", backward=True)
        for variable, (was_set, value) in old.items():
            if was_set:
                env[variable] = value
            elif env.is_manually_set(variable):
                del env[variable]
        del aliases["deactivate"]
        if hidden is not None:
            aliases["deactivate"] = hidden

    source("activate")
    aliases["deactivate"] = deactivate
    XSH.commands_cache.clear_cache() if hasattr(XSH.commands_cache, "clear_cache") else None


try:
    _sealenv_activate(__file__)
finally:
    del _sealenv_activate
