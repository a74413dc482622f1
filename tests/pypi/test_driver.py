"""The installed pip resolves with the markers of another machine."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

from sealenv.pypi.pip import run_pip
from tests.pypi.index import Index, Wheel

MARKERS = {
    "implementation_name": "cpython", "implementation_version": "3.99.1", "os_name": "sealenv",
    "platform_machine": "vax", "platform_python_implementation": "CPython", "platform_release": "9",
    "platform_system": "Ultrix", "platform_version": "", "python_full_version": "3.99.1",
    "python_version": "3.99", "sys_platform": "ultrix",
}  # fmt: skip


def run(tmp_path: Path, *args: str) -> tuple[int, str]:
    installed = tmp_path / "installed"
    installed.mkdir(exist_ok=True)
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PIP_CONFIG_FILE": os.devnull}
    if os.name == "nt":
        environ["SYSTEMROOT"] = os.environ["SYSTEMROOT"]
    done = run_pip(args, markers=MARKERS, installed=installed, environ=environ, cwd=tmp_path)
    return done.returncode, done.stdout + done.stderr


def test_every_marker_is_the_targets(tmp_path: Path) -> None:
    """The installed pip uses them, and its report says so."""
    index = Index(tmp_path / "index")
    lines = [f'p-{i}; {name} == "{value}"' for i, (name, value) in enumerate(MARKERS.items())]
    index.add(Wheel("app", requires=lines), *(Wheel(f"p-{i}") for i in range(len(MARKERS))))
    report = tmp_path / "report"
    code, said = run(
        tmp_path, "install", "--dry-run", "--report", str(report), "--only-binary=:all:",
        "--index-url", index.url, "--no-cache-dir", "--disable-pip-version-check", "app",
    )  # fmt: skip
    assert code == 0, said
    found = json.loads(report.read_text())
    assert len(found["install"]) == 1 + len(MARKERS)
    assert found["environment"] == MARKERS


def test_it_ends_with_us_and_leaves_no_password(tmp_path: Path) -> None:
    """If the parent is killed, pip ends at once, and no file has its secrets."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        (tmp_path / "tmp").mkdir()
        code = (
            "import sys; from pathlib import Path; from sealenv.pypi.pip import Question, ask\n"
            "from sealenv.pypi.machine import machine_of\n"
            "from sealenv.spec.model import EnvironmentSpec\n"
            "from tests.pypi.asker import conda_lock\n"
            "spec = EnvironmentSpec(('python',), (), 'linux-64', requirements=('app',),\n"
            "    indexes=('http://127.0.0.1/',), index_secrets={'http://127.0.0.1/': sys.argv[1]})\n"
            "ask(Question(spec, machine_of(conda_lock()), (), 300.0), {})\n"
        )
        url = f"http://me:s3cr3t@127.0.0.1:{server.getsockname()[1]}/simple"
        path = os.pathsep.join([os.getcwd(), *sys.path])
        words = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(tmp_path / "tmp"))
        with subprocess.Popen(
            [sys.executable, "-c", code, url], env={**os.environ, **words, "PYTHONPATH": path}
        ) as parent:
            connection = server.accept()[0]
            with connection:
                connection.settimeout(60)
                assert b"GET /simple/app/" in connection.recv(1 << 16)
                written = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
                parent.kill()
                assert connection.recv(1) == b""  # long before its own 300 seconds
    assert any(path.name == "requirements" for path in written)
    assert [path for path, data in written.items() if b"s3cr3t" in data] == []
