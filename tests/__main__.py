"""The one test command: `python3 -m tests`, from the root of a checkout.

It needs only Python 3.10 or newer. It makes or completes `.venv`, gets nushell from npm if possible,
runs ruff and mypy, builds the documentation site, runs pytest, and ends with what was skipped and why.
It keeps `.venv` and `.cache` in the checkout and installs nothing on the machine.

`--quick` runs ruff, mypy, and the tests that start no `sealenv`, in less than two minutes.

Missing shells skip their tests. SEALENV_TEST_REQUIRE=shells makes that a failure (tests/shells.py); with
`wine` in the list a Wine is made for the Windows tests (tests/windows), and with `browser` the report's
tests fail without a Chromium (tests/browser.py).
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
CACHE = Path(os.environ.get("SEALENV_TEST_CACHE") or ROOT / ".cache")
OLDEST = (3, 10)
GROUPS = ("test", "lint")
PIP_WITH_GROUPS = (25, 1)
NUSHELL = "nushell@0.108"


class SetupError(Exception):
    """The tests could not be set up; the text says what to do."""


def main(argv: list[str] | None = None) -> int:
    """Set up, run every check, report what was skipped; return the exit code."""
    parser = argparse.ArgumentParser(prog="python3 -m tests", description=__doc__.split("\n")[0])
    parser.add_argument(
        "--here", action="store_true", help="use the running Python; install nothing"
    )
    parser.add_argument("--no-lint", action="store_true", help="pytest only")
    parser.add_argument("--quick", action="store_true", help="without the end-to-end tests")
    parser.add_argument("--keep", action="store_true", help="keep the temporary folder")
    parser.add_argument("pytest", nargs="*", metavar="-- PYTEST_ARGUMENT", help="passed to pytest")
    options = parser.parse_args(argv)
    environ = clean_environ()
    if not options.pytest:
        minutes = 2 if options.quick else 20 if wanted(environ, "wine") else 10
        print(f"Under {minutes} minutes on two processors, after the first set-up", flush=True)
    try:
        if options.here:
            python, environ["PYTHONPATH"] = Path(sys.executable), str(ROOT / "src")
        else:
            python = ready_python(environ)
    except SetupError as error:
        print(f"\nThe tests could not be set up: {error}", file=sys.stderr)
        return 2
    notes = [] if options.here or options.quick else add_programs(python, environ)
    temporary = Path(tempfile.mkdtemp(prefix="sealenv-test-")).resolve()
    try:
        results = {} if options.no_lint else lint(python, environ)
        if not (options.no_lint or options.here or options.quick):
            results["site"] = site(python, environ, temporary / "site")
        report = temporary / "junit.xml"
        arguments = [*(["--quick"] if options.quick else []), *options.pytest]
        code, last = run_pytest(python, environ, temporary, report, arguments)
        results["pytest"] = code
        if wanted(environ, "wine") and not (options.here or options.quick):
            results["nothing of Windows skipped"] = int(bool(skipped(report, "tests.windows")[0]))
        print_end(results, notes, report, last)
    finally:
        if options.keep:
            print(f"kept: {temporary}", file=sys.stderr)
        else:
            shutil.rmtree(temporary, ignore_errors=True)
    return 1 if any(results.values()) else 0


# --- Python -----------------------------------------------------------------------------------


def clean_environ() -> dict[str, str]:
    """Return our environment without what redirects Python or pip, and with caches in the checkout."""
    drop = {"PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "PIP_USER", "PIP_TARGET", "PIP_PREFIX"}
    environ = {name: value for name, value in os.environ.items() if name not in drop}
    environ["SEALENV_TEST_CACHE"] = str(CACHE)
    environ["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    environ["PIP_NO_INPUT"] = "1"
    environ.setdefault("PIP_CACHE_DIR", str(CACHE / "pip"))
    environ.setdefault("UV_CACHE_DIR", str(CACHE / "uv"))
    environ.setdefault("npm_config_cache", str(CACHE / "npm-cache"))
    return environ


def ready_python(environ: dict[str, str]) -> Path:
    """Return the Python of `.venv`, with everything installed."""
    python = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if version_of(python) < OLDEST:
        make_venv(python, environ)
    wanted = stamp(python)
    stamp_file = VENV / "sealenv-tests.stamp"
    if stamp_file.is_file() and stamp_file.read_text(encoding="utf-8") == wanted:
        print(f"{VENV.name} is ready", flush=True)
        return python
    headline(f"install the project and its groups {', '.join(GROUPS)} in {VENV.name}")
    install_project(python, environ)
    stamp_file.write_text(wanted, encoding="utf-8")
    return python


def version_of(python: Path) -> tuple[int, ...]:
    """Return (3, 11) for a Python that answers, else (0,)."""
    ask = "import sys; print(*sys.version_info[:2])"
    try:
        answer = subprocess.run(
            [python, "-I", "-c", ask], capture_output=True, text=True, check=True, timeout=60
        )
    except (OSError, subprocess.SubprocessError):
        return (0,)
    return tuple(int(part) for part in answer.stdout.split())


def stamp(python: Path) -> str:
    """Return a text that changes when the installation has to be repeated."""
    digest = hashlib.sha256(f"{ROOT} {version_of(python)}".encode())
    for name in ("pyproject.toml", "src/sealenv/_version.py"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest() + "\n"


def make_venv(python: Path, environ: dict[str, str]) -> None:
    """Run `python -m venv`; without ensurepip (Debian without python3-venv) use uv or pip."""
    headline(f"make {VENV.name}")
    if VENV.exists() and not (VENV / "pyvenv.cfg").is_file():
        raise SetupError(f"{VENV} is not a virtual environment; move it away")
    venv = [sys.executable, "-m", "venv", "--clear"]
    if attempt([*venv, str(VENV)], environ):
        return
    uv = shutil.which("uv")
    if uv and attempt([uv, "venv", "--clear", "--seed", "-p", sys.executable, str(VENV)], environ):
        return
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "pip"]
    if attempt([*venv, "--without-pip", str(VENV)], environ) and attempt(pip, environ):
        return
    shutil.rmtree(VENV, ignore_errors=True)
    raise SetupError(
        f"{sys.executable} cannot make a virtual environment with pip in it.\n"
        "On Debian and Ubuntu: apt-get install python3-venv"
    )


def install_project(python: Path, environ: dict[str, str]) -> None:
    """Install it editable, with its groups (pip 25.1)."""
    pip = [str(python), "-m", "pip", "install", "--quiet"]
    if pip_version(python) < PIP_WITH_GROUPS:
        attempt([*pip, "--upgrade", "pip>=25.1"], environ)
    groups = [word for group in GROUPS for word in ("--group", group)]
    if not attempt([*pip, "--editable", str(ROOT), *groups], environ):
        raise SetupError("pip could not install the project; its message is above")


def pip_version(python: Path) -> tuple[int, ...]:
    """Return (25, 1), or (0,) without pip."""
    ask = "import pip; print(pip.__version__)"
    answer = subprocess.run([python, "-I", "-c", ask], capture_output=True, text=True, check=False)
    return tuple(int(part) for part in answer.stdout.split(".")[:2] if part.isdigit()) or (0,)


# --- Shells -----------------------------------------------------------------------------------


def add_programs(python: Path, environ: dict[str, str]) -> list[str]:
    """Name nushell and Wine to the tests; return what was not found."""
    return [*add_nushell(environ), *add_wine(python, environ)]


def add_nushell(environ: dict[str, str]) -> list[str]:
    """Name nushell to the tests (SEALENV_TEST_NU), if necessary from npm; return the problem."""
    if environ.get("SEALENV_TEST_NU") or shutil.which("nu"):
        return []
    folder = CACHE / "nushell"
    if not nushell_in(folder):
        npm = shutil.which("npm")
        if npm is None:
            return ["nushell: neither nu nor npm is on this machine"]
        headline(f"get {NUSHELL} from npm")
        folder.mkdir(parents=True, exist_ok=True)
        quiet = ["--no-audit", "--no-fund", "--no-save", "--ignore-scripts", "--no-update-notifier"]
        if not attempt([npm, "install", "--prefix", str(folder), *quiet, NUSHELL], environ):
            return [f"nushell: npm could not install {NUSHELL}; its message is above"]
    found = nushell_in(folder)
    if found is None:
        return [f"nushell: {NUSHELL} has no executable for this platform"]
    environ["SEALENV_TEST_NU"] = str(found)
    return []


def nushell_in(folder: Path) -> Path | None:
    """Return the executable in npm's platform package; the package `nushell` is only a launcher."""
    name = "nu.exe" if os.name == "nt" else "nu"
    return next(iter(sorted(folder.glob(f"node_modules/@nushell/*/bin/{name}"))), None)


def add_wine(python: Path, environ: dict[str, str]) -> list[str]:
    """Name a Wine to the tests (SEALENV_TEST_WINE), if it is required or exists; return the problem."""
    if os.name == "nt" or environ.get("SEALENV_TEST_WINE"):
        return []
    folder = CACHE / "wine"
    if not wanted(environ, "wine") and not folder.is_dir():
        return ["Windows: no Wine; SEALENV_TEST_REQUIRE=wine makes one (CONTRIBUTING.md)"]
    headline("Windows: Wine, Python, curl and sed, where they are missing")
    if not attempt([str(python), "-m", "tests.windows.provision", str(folder)], environ):
        return ["Windows: Wine could not be set up; the message is above"]
    environ["SEALENV_TEST_WINE"] = str(folder)
    return []


# --- Checks -----------------------------------------------------------------------------------


def lint(python: Path, environ: dict[str, str]) -> dict[str, int]:
    """Run ruff and mypy, all of them even if one fails."""
    commands = {
        "ruff check": ["ruff", "check", "."],
        "ruff format": ["ruff", "format", "--check", "."],
        "mypy": ["mypy"],
    }
    results = {}
    for name, (module, *arguments) in commands.items():
        headline(name)
        command = [str(python), "-m", module, *arguments]
        results[name] = subprocess.run(command, cwd=ROOT, env=environ, check=False).returncode
    return results


def site(python: Path, environ: dict[str, str], folder: Path) -> int:
    """Build the documentation site in a venv of its own (tests/docs/site.py)."""
    headline("mkdocs build --strict")
    command = [str(python), "-m", "tests.docs.site", str(folder)]
    return subprocess.run(command, cwd=ROOT, env=environ, check=False).returncode


def run_pytest(
    python: Path, environ: dict[str, str], temporary: Path, report: Path, arguments: list[str]
) -> tuple[int, str]:
    """Run pytest with its own home; return its exit code and its summary line."""
    headline("pytest")
    environ = environ | {"TMPDIR": str(temporary), "TEMP": str(temporary), "TMP": str(temporary)}
    if os.name != "nt":
        environ = own_home(environ, temporary / "home")
    command = [str(python), "-m", "pytest", "-n", workers(), "--dist", "worksteal"]
    command += [f"--junitxml={report}"]
    command += ["--color=yes"] if sys.stdout.isatty() else []
    child = subprocess.Popen(
        [*command, *arguments],
        cwd=ROOT,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        bufsize=0,
    )
    assert child.stdout is not None
    last = b""
    while piece := child.stdout.read(65536):
        sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
        last = (last + piece)[-4096:]
    lines = [line for line in last.decode(errors="replace").splitlines() if line.strip()]
    return child.wait(), lines[-1] if lines else "pytest printed nothing"


def workers() -> str:
    """Return the number of processors, 2 to 4: more do not help Wine and the disk."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return str(min(max(usable or 2, 2), 4))


def own_home(environ: dict[str, str], home: Path) -> dict[str, str]:
    """Make an empty home; pip keeps the user's settings (index, proxy, certificates)."""
    home.mkdir()
    real = Path(environ.get("HOME") or "/")
    configs = (real / ".config/pip/pip.conf", real / ".pip/pip.conf")
    config = next((path for path in configs if path.is_file()), None)
    if config and "PIP_CONFIG_FILE" not in environ:
        environ = environ | {"PIP_CONFIG_FILE": str(config)}
    kept = {name: value for name, value in environ.items() if not name.startswith("XDG_")}
    return kept | {"HOME": str(home)}


def print_end(results: dict[str, int], notes: list[str], report: Path, last: str) -> None:
    """Print the results, what was skipped and why, and pytest's summary line."""
    headline("result")
    print(", ".join(f"{name}: {'FAILED' if code else 'ok'}" for name, code in results.items()))
    reasons, names = skipped(report)
    total = sum(reasons.values())
    print(f"{total or 'Nothing'} skipped{':' if total else '.'}")
    for reason, count in reasons.most_common():
        print(f"  {count} x {reason}")
        print(f"      {names[reason]}{', ...' if count > 1 else ''}")
    for note in notes:
        print(f"  note: {note}")
    print(last, flush=True)


def skipped(report: Path, within: str = "") -> tuple[Counter[str], dict[str, str]]:
    """Return how many tests were skipped for which reason, and an example of each.

    Args:
        report: JUnit's XML.
        within: only tests whose dotted name begins so.
    """
    reasons: Counter[str] = Counter()
    names: dict[str, str] = {}
    if report.is_file():
        for case in ElementTree.parse(report).iter("testcase"):
            if not str(case.get("classname")).startswith(within):
                continue
            for skip in case.iter("skipped"):
                reason = skip.get("message") or "no reason given"
                reasons[reason] += 1
                names.setdefault(reason, f"{case.get('classname')}::{case.get('name')}")
    return reasons, names


# --- Small ------------------------------------------------------------------------------------


def attempt(command: list[str], environ: dict[str, str]) -> bool:
    """Run a command and show its output; return whether it succeeded."""
    try:
        return subprocess.run(command, cwd=ROOT, env=environ, check=False).returncode == 0
    except OSError as error:
        print(f"{command[0]}: {error}", file=sys.stderr)
        return False


def wanted(environ: dict[str, str], what: str) -> bool:
    """Return whether `what` is in SEALENV_TEST_REQUIRE."""
    return what in environ.get("SEALENV_TEST_REQUIRE", "").replace(" ", "").split(",")


def headline(text: str) -> None:
    """Print a heading with the time."""
    print(f"\n== {text} [{time.strftime('%H:%M:%S')}]", flush=True)


if __name__ == "__main__":
    if sys.version_info < OLDEST:
        sys.exit(
            f"sealenv needs Python {'.'.join(map(str, OLDEST))} or newer; this is {sys.version}"
        )
    sys.exit(main())
