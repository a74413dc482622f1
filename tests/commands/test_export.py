"""`sealenv export` of locks: what is kept, what is said to be lost."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from sealenv.locks.pixi_read import read_pixi
from tests.channel import Channels
from tests.locks.test_pixi import PIXI_7
from tests.machine import Machine

IT = "pixi.lock"


def test_an_exact_environment_yml_can_be_solved(machine: Machine, channels: Channels) -> None:
    """Strict priority would take prio from the first channel, which has another version alone."""
    both = ("-c", channels.main_url, "-c", channels.extra_url)
    first = machine.json("lock", f"{channels.extra_url}::prio", "dated=1.0", *both)
    text = machine.run("export", "sealenv.lock", "--format", "environment-yml").stdout
    assert text.startswith("# conda adds the channels of your own configuration")
    assert "  - nodefaults" not in text
    assert f"  - dated=1.0=0\n  - {channels.extra_url}::prio=2.0=0\n" in text
    (machine.root / "environment.yml").write_text(text)
    again = machine.json("lock", "-f", "environment.yml", "-o", "again.lock")
    assert again["locks"][0]["digest"] == first["locks"][0]["digest"]


def test_of_a_pixi_lock_is_kept_what_can_be(machine: Machine) -> None:
    text = PIXI_7.replace(
        "    - https://pypi.org/simple\n",
        "    - https://pypi.org/simple\n    - https://x.org/whl\n",
    ).replace("pypi: https", "pypi: direct+https")
    (machine.root / "pixi.lock").write_text(text)
    answer = machine.json("export", "pixi.lock", "-o", "again.lock")
    assert answer["notes"] == ["it holds other environments too, and they are not in it: test"]
    again = (machine.root / "again.lock").read_text()
    assert again.count("pypi: https://files.pythonhosted.org/") == 2
    assert "    indexes:\n    - https://pypi.org/simple\n    - https://x.org/whl\n" in again
    assert machine.json("export", "pixi.lock", "-e", "default", "-o", "x")["notes"] == []


def test_which_of_several_environments(machine: Machine, channels: Channels) -> None:
    machine.run("lock", "dated=1.0", "-c", channels.main_url)
    text = (machine.root / "sealenv.lock").read_text()
    body = text[text.index("  default:\n") : text.index("packages:\n- ")]
    other = body.replace("  default:\n", "  b:\n")
    text = text[text.index("version:") :].replace(body, body.replace("  default:", "  a:") + other)
    (machine.root / "pixi.lock").write_text(text)
    for command in (
        ["lock", "-f", IT],
        ["diff", "sealenv.lock", IT],
        ["bundle", IT],
        ["mirror", IT, "m"],
    ):
        refused = machine.json(*command, code=2)
        assert refused["what"] == "the lock has no environment 'default'"
        assert "sealenv export pixi.lock --environment NAME -o NAME.lock" in refused["hint"]
    machine.run("export", "pixi.lock", "--environment", "b", "-o", "b.lock")
    assert machine.run("diff", "sealenv.lock", "b.lock").stderr == "the same packages\n"
    machine.run("lock", "-f", "pixi.lock", "-e", "a", "-o", "a.lock")
    path = machine.root / "a.lock"
    assert read_pixi(path.read_text(), Path(path)).locks[0].find("dated")
    wrong = machine.json("lock", "dated", "-e", "a", code=2)
    assert wrong["what"] == "--environment a: only a pixi.lock has several"


def test_an_address_that_does_not_say_the_subdir(machine: Machine, channels: Channels) -> None:
    """`base_url` (CEP 15) lets archives lie anywhere; a list takes the platform from each URL."""
    folder = machine.root / "The Pool.1"
    folder.mkdir()
    (source,) = Path(channels.extra, "noarch").glob("prio-2.0-0.conda")
    archive = shutil.copy(source, folder)
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    address = Path(archive).as_uri()
    (machine.root / "x.lock").write_text(
        "version: 6\nenvironments:\n  default:\n    channels:\n"
        f"    - url: {channels.extra_url}\n    packages:\n      linux-64:\n      - conda: {address}\n"
        f"packages:\n- conda: {address}\n  sha256: {digest}\n  subdir: noarch\n"
        f"  channel: {channels.extra_url}\n"
    )
    machine.json("create", "e", "-f", "x.lock", "--platform", "linux-64")
    assert machine.run("verify", "e").returncode == 0
    assert machine.json("diff", "e")["changes"] == []
    machine.json("export", "e", "--format", "pixi", "--platform", "", code=2)
    for kind in ("explicit", "conda-lock"):
        error = machine.json("export", "e", "--format", kind, "-o", "x.out", code=2)
        assert "platform of a package from its URL" in error["what"]
        assert error["details"] == [f"{address} is for noarch"]
    again = machine.json("export", "e", "-o", "again.lock")
    assert again["notes"] == []
    assert machine.json("diff", "x.lock", "again.lock")["changes"] == []
