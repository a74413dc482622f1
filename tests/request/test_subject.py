"""An environment with wheels as a lock: what is carried away makes the very same again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from sealenv.commands.verify import verify
from sealenv.seals.seal import read_seal
from tests.channel import Channels, ChannelServer
from tests.commands.test_bundle import install
from tests.machine import Machine
from tests.micromamba import add_package, stand_in
from tests.pypi.index import Index, Wheel
from tests.shells import require_shell

pytestmark = pytest.mark.skipif(os.name == "nt", reason="tests/windows has its own")

TOOL = Wheel(
    "hello-tool",
    files={
        "hello_tool.py": "import helper\ndef main():\n    print('hello', helper.VALUE)\n",
        "hello_tool-1.0.data/scripts/plain-tool": "#!python\nprint('plain')\n",
    },
    requires=["helper"],
    scripts=["hello-tool = hello_tool:main"],
)
OTHER = "1.1"


@pytest.fixture(scope="module")
def world(
    tmp_path_factory: pytest.TempPathFactory, channels: Channels
) -> tuple[Machine, str, Index]:
    """An environment `app` with two wheels; its channel has a stand-in for micromamba."""
    root = tmp_path_factory.mktemp("subject")
    machine = Machine(root)
    exe = stand_in(root / "micromamba", VERSION="2.9.0")
    channel = add_package(channels, root, exe).as_uri()
    index = Index(root / "index")
    index.add(TOOL, Wheel("helper"), Wheel("helper", OTHER, files={"helper.py": "VALUE = 2\n"}))
    index.add(Wheel("unlocked"))
    lines = ["name: app", f"channels: [{json.dumps(channel)}]", "dependencies:"]
    lines += [f"  - python={channels.python_minor}", "  - pip", "  - hello-prefix", "  - pip:"]
    lines += [f"    - --index-url {index.url}", "    - hello-tool", "    - helper==1.0"]
    lines += ["    - nowhere; sys_platform == 'win32'"]
    (root / "environment.yml").write_text("\n".join(lines) + "\n")
    machine.json("create", "-f", "environment.yml", "--no-pyc")
    return machine, channel, index


def packages(prefix: Path) -> str:
    found = read_seal(prefix).fingerprints
    assert found is not None
    return found.packages


def pip(machine: Machine, name: str, *words: str) -> None:
    machine.run("run", "--clean", name, "--", "python", "-m", "pip", "-q", *words)


@pytest.mark.slow
class TestTheSameAgain:
    def test_as_a_lock(self, world: tuple[Machine, str, Index]) -> None:
        machine = world[0]
        for format in ("pixi", "conda-lock"):
            file = f"of-env.{format}.yml"
            assert machine.json("export", "app", "--format", format, "-o", file)["notes"] == []
            made = machine.json("create", f"by-{format}", "-f", file, "--offline")
            prefix = Path(made["prefix"])
            assert made["wheels"] == 2
            assert packages(prefix) == packages(machine.envs / "app")
            assert made["lock_digest"] == read_seal(machine.envs / "app").lock.digest
        machine.run("export", "app", "--format", "explicit", "-o", "x", code=2)
        text = machine.run("export", "app", "--format", "environment-yml", "--from-history").stdout
        assert "- hello-tool\n" in text
        assert "nowhere; sys_platform ==" in text  # no wheel here, and not removed

    def test_as_a_bundle(self, world: tuple[Machine, str, Index], tmp_path: Path) -> None:
        """By sealenv with no network, and by the script inside; that one is adopted."""
        machine = world[0]
        expected = packages(machine.envs / "app")
        bundle = tmp_path / "app.sealenv"
        assert machine.json("bundle", "app", "-o", str(bundle))["notes"] == []
        other = Machine(tmp_path / "other")
        planned = other.json("create", "-f", str(bundle), "--offline", "--dry-run")
        assert (planned["to_fetch"], planned["fetch_bytes"]) == (0, 0)
        made = other.json("create", "-f", str(bundle), "--offline")
        assert made["wheels"] == 2
        assert packages(Path(made["prefix"])) == expected
        folder = tmp_path / "unpacked"
        folder.mkdir()
        subprocess.run(["tar", "-xf", bundle, "-C", folder], check=True)
        target = tmp_path / "by script"
        install(other, folder, ENV_PREFIX=str(target))
        other.run("seal", str(target), "-y")
        assert packages(target) == expected
        assert not verify(target).damaged

    def test_as_a_script(
        self, world: tuple[Machine, str, Index], channels: Channels, tmp_path: Path
    ) -> None:
        import hashlib

        from tests.bootstrap.machine import release, use_stand_in

        machine = world[0]
        place = release(tmp_path / "releases", channels.subdir)
        exe = place / f"micromamba-{channels.subdir}"
        digest = hashlib.sha256(exe.read_bytes()).hexdigest()
        script, target = tmp_path / "app.sh", tmp_path / "made by it"
        machine.run("export", "app", "--format", "sh", "-o", str(script))
        use_stand_in(script, digest)
        with ChannelServer(tmp_path / "releases") as server:
            env = machine.env | {"MICROMAMBA_URL": server.base, "ENV_PREFIX": str(target)}
            subprocess.run(
                [require_shell("dash"), script], env=env, check=True,
                cwd=machine.root,
            )  # fmt: skip
        machine.run("seal", str(target), "-y")
        assert packages(target) == packages(machine.envs / "app")


@pytest.mark.slow
def test_a_locked_wheel_that_a_local_one_replaced(world: tuple[Machine, str, Index]) -> None:
    """The same name and version from a folder: the locked URL is not its origin."""
    machine, _, index = world
    machine.run("export", "app", "--format", "pixi", "-o", "replaced.lock")
    machine.run("create", "replaced", "-f", "replaced.lock", "--offline", "-q")
    (locked,) = Path(index.root).rglob("helper-1.0-*.whl")
    wheel = Path(shutil.copy(locked, machine.root))
    pip(machine, "replaced", "install", "--force-reinstall", "--no-deps", str(wheel))
    answer = machine.json("export", "replaced", "--format", "pixi", "-o", "after.lock")
    assert f"helper-1.0 (from {wheel.as_uri()})" in answer["notes"][0]
    assert "helper-1.0" not in (machine.root / "after.lock").read_text()


@pytest.mark.slow
def test_what_pip_did_since(world: tuple[Machine, str, Index]) -> None:
    """Removed, replaced, added: diff and verify tell, and only what is locked is carried."""
    machine, _, index = world
    machine.run("export", "app", "--format", "pixi", "-o", "since.lock")
    machine.run("create", "since", "-f", "since.lock", "--offline", "-q")
    assert machine.json("diff", "since")["equal"]
    pip(machine, "since", "uninstall", "-y", "hello-tool")
    pip(machine, "since", "install", "--index-url", index.url, f"helper=={OTHER}", "unlocked")
    answer = machine.json("diff", "since", code=1)
    found = {(c["name"], c["kind"], c["what"]) for c in answer["changes"]}
    assert found == {
        ("hello-tool", "pypi", "removed"), ("helper", "pypi", "changed"),
        ("unlocked", "pypi", "added"),
    }  # fmt: skip
    assert "~ helper 1.0 -> 1.1" in machine.run("diff", "since", code=1).stdout
    answer = machine.json("export", "since", "--format", "pixi", "-o", "left.lock")
    assert "helper-1.1, unlocked-1.0" in answer["notes"][0]
    assert "hello_tool" not in (machine.root / "left.lock").read_text()
    text = machine.run("export", "since", "--format", "environment-yml").stdout
    assert "- helper==1.1" in text
    assert "- unlocked==1.0" in text

    (about,) = (machine.envs / "since").glob("**/unlocked-1.0.dist-info")
    origin = about / "direct_url.json"
    origin.write_text(
        json.dumps({"url": "file:///home/me/unlocked", "dir_info": {"editable": True}})
    )
    answer = machine.json("export", "since", "--format", "environment-yml", "-o", "e.yml")
    assert "unlocked" not in (machine.root / "e.yml").read_text()
    assert "unlocked, which pip installed from file:///home/me/unlocked" in answer["notes"][0]
    bundled = machine.json("bundle", "since", "-o", "since.sealenv")
    assert any("unlocked-1.0 (from file:///home/me/unlocked)" in note for note in bundled["notes"])
    commit = {"vcs": "git", "commit_id": "0" * 40}
    origin.write_text(json.dumps({"url": "https://x.org/unlocked.git", "vcs_info": commit}))
    text = machine.run("export", "since", "--format", "environment-yml").stdout
    assert f"unlocked @ git+https://x.org/unlocked.git@{'0' * 40}" in text
    origin.unlink()

    machine.run("seal", "since", "-y")
    seal = read_seal(machine.envs / "since")
    assert seal.lock.wheels == []
    assert seal.checked is False
    assert machine.json("verify", "since")["findings"] == []
