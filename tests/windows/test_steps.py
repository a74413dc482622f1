"""Check, link scripts and --post as create calls them, by Windows Python."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.channel import Channels
from tests.windows.machine import REPO, Done, Windows
from tests.windows.prefixes import create_on_this_machine

HEAD = """\
import json, os, sys
from pathlib import Path
sys.path.insert(0, {source!r})
from sealenv.gates.admission import clean_environ
from sealenv.errors import SealenvError
prefix = Path({prefix!r})
environ = clean_environ(os.environ)
try:
{body}
except SealenvError as error:
    print(json.dumps(error.to_json()))
"""
CHECK = """\
    from sealenv.spec.model import build_spec
    from sealenv.install.check import check_environment
    spec = build_spec(python="3.12", platform="win-64")
    versions = dict.fromkeys({names!r}, "")
    report = check_environment(prefix, spec, versions, environ, token="token-of-the-test")
    print(json.dumps(report.to_json()))
"""
LINK = """\
    from types import SimpleNamespace
    from sealenv.install.link_scripts import LinkScript, run_link_scripts
    package = SimpleNamespace(name="tried", version="1.0", dist="tried-1.0-0", record=dict())
    script = LinkScript(package, prefix / "Scripts" / ".tried-post-link.bat")
    print(json.dumps(run_link_scripts(prefix, "win-64", [script], environ)))
"""
POST = """\
    from sealenv.commands.post import run_post
    run_post(prefix, Path({script!r}))
    print(json.dumps("done"))
"""


@pytest.fixture(scope="module")
def prefix(windows: Windows, channels: Channels, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("steps")
    return create_on_this_machine(root, channels, "activate-hooks")


def run(windows: Windows, prefix: Path, body: str, folder: Path, **texts: object) -> Done:
    program = folder / "step.py"
    source = windows.path(REPO / "src")
    text = HEAD.format(source=source, prefix=windows.path(prefix), body=body.format(**texts))
    program.write_text(text, encoding="utf-8")
    return windows.run([windows.python, program])


def check(windows: Windows, prefix: Path, folder: Path, *names: str) -> dict[str, object]:
    marker = prefix / "conda-meta/sealenv.pending"
    marker.write_text("token-of-the-test\n{}\n")
    try:
        done = run(windows, prefix, CHECK, folder, names=list(names))
    finally:
        marker.unlink()
    assert done.stdout, done.stderr
    answer: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return answer


def test_the_check_names_what_is_wrong(windows: Windows, prefix: Path, tmp_path: Path) -> None:
    wrapper = prefix / "condabin/mamba.bat"
    right = wrapper.read_bytes()
    wrapper.write_bytes(b"@exit /b 4\r\n")
    try:
        answer = check(windows, prefix, tmp_path, "python", "conda", "mamba")
    finally:
        wrapper.write_bytes(right)
    assert answer["error"] == "check"
    assert "mamba --version failed (4)" in str(answer["details"])
    script = prefix / "activate.bat"
    right = script.read_bytes()
    script.write_bytes(b"@>&2 echo no\r\n@exit /b 1\r\n")
    try:
        answer = check(windows, prefix, tmp_path)
    finally:
        script.write_bytes(right)
    assert "activation failed: no" in str(answer["details"])


def test_a_link_script(windows: Windows, prefix: Path, tmp_path: Path) -> None:
    script = prefix / "Scripts/.tried-post-link.bat"
    script.write_bytes(
        b'@echo %PKG_NAME% %PKG_VERSION%> "%PREFIX%\\.messages.txt"\r\n'
        b'@echo trace> "%APPDATA%\\trace"\r\n@echo trace> "%TEMP%\\trace"\r\n'
        b"@python -c \"import sys; sys.exit(0 if sys.prefix == r'%PREFIX%' else 3)\"\r\n"
    )
    done = run(windows, prefix, LINK, tmp_path)
    assert json.loads(done.stdout) == "tried 1.0\n", done.stderr
    script.write_bytes(b"@echo no luck>&2\r\n@exit /b 3\r\n")
    answer = json.loads(run(windows, prefix, LINK, tmp_path).stdout)
    script.unlink()
    assert answer["error"] == "link-script"
    assert answer["details"] == ["no luck"]


BY_BATCH = """\
@call ..\\activate.bat || exit /b 1
@echo %CONDA_PREFIX%>out.txt
@echo %SEALENV_TEST_HOOK%>>out.txt
"""


def test_the_users_own_script(windows: Windows, prefix: Path, tmp_path: Path) -> None:
    script = tmp_path / "a b.bat"
    script.write_text(BY_BATCH)
    done = run(windows, prefix, POST, tmp_path, script=windows.path(script))
    assert json.loads(done.stdout) == "done", done.stderr
    said = (prefix / "__home__" / "out.txt").read_text().split("\n")
    assert [line.strip() for line in said[:2]] == [windows.path(prefix), "active bat"]
