"""`sealenv lock` and `create -f LOCK`, with a real channel."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from sealenv.locks.pixi_read import read_pixi
from sealenv.locks.read import read_lock
from sealenv.tour.archive import write_repodata
from tests.channel import Channels
from tests.channel.server import ChannelServer
from tests.machine import Machine, traces


def names(answer: dict[str, Any], platform: str | None = None) -> dict[str, str]:
    """Name -> version on a platform; on the only one."""
    one = next(k for k in answer["locks"] if platform in {None, k["platform"]})
    return {p["name"]: p["version"] for p in one["packages"]}


def test_a_lock_is_made_twice_the_same_and_creates_what_it_says(
    machine: Machine, channels: Channels
) -> None:
    args = ("dated", "wants-prio-1", "-c", channels.main_url)
    answer = machine.json("lock", *args)
    path = machine.root / "sealenv.lock"
    assert answer["output"] == str(path)
    first = path.read_bytes()
    machine.run("lock", *args, "-o", "again.lock")
    assert (machine.root / "again.lock").read_bytes() == first
    assert names(answer) == {"dated": "2.0", "prio": "1.0", "wants-prio-1": "1.0"}
    made = machine.json("create", "e", "-f", "sealenv.lock")
    assert made["lock_digest"] == answer["locks"][0]["digest"]
    history = (Path(made["prefix"]) / "conda-meta/history").read_text()
    assert "# update specs: ['dated', 'wants-prio-1']" in history
    assert machine.run("diff", "e").stdout == ""
    assert machine.run("diff", "e", "sealenv.lock").stderr == "the same packages\n"
    assert machine.run("lock", "--offline", *args, "-o", "-").stdout.encode() == first


def test_nothing_is_installed_and_nothing_else_written(
    machine: Machine, channels: Channels
) -> None:
    machine.run("lock", "dated", "-c", channels.main_url, "--dry-run")
    assert not (machine.root / "sealenv.lock").exists()
    before = machine.snapshot(machine.cache)
    machine.run("lock", "dated", "-c", channels.main_url)
    after = machine.snapshot(machine.cache)
    assert set(after) - set(before) == {str(machine.root / "sealenv.lock")}


def test_several_platforms_from_any(machine: Machine, channels: Channels) -> None:
    answer = machine.json(
        "lock", "python", "conda", "-c", channels.main_url,
        "--platform", "win-64", "--platform", channels.subdir,
    )  # fmt: skip
    assert [lock["platform"] for lock in answer["locks"]] == [channels.subdir, "win-64"]
    assert names(answer, "win-64")["python"] == "3.12.9"
    assert any(v.startswith("__win=") for v in answer["locks"][1]["virtual_packages"])
    made = machine.json("create", "w", "-f", "sealenv.lock", "--platform", "win-64")
    assert (Path(made["prefix"]) / "python.exe").is_file()
    one = machine.run(
        "export", "sealenv.lock", "--format", "explicit", "--platform", "win-64"
    ).stdout
    assert "# platform: win-64\n@EXPLICIT\n" in one
    (machine.root / "win.txt").write_text(one)
    foreign = machine.json("create", "x", "-f", "win.txt", code=2)
    assert foreign["details"] == ["locked for win-64"]
    wrong = machine.json("create", "x", "-f", "sealenv.lock", "--platform", "osx-64", code=2)
    assert wrong["what"] == "nothing is locked for osx-64"


def test_lock_alone_renews_and_update_moves_one(machine: Machine, channels: Channels) -> None:
    own = machine.root / "own"
    shutil.copytree(channels.main / "noarch", own / "noarch", ignore=_but("dated", "prio"))
    newer = {name: own / "noarch" / f"{name}-2.0-0.conda" for name in ("dated",)}
    kept = {name: path.read_bytes() for name, path in newer.items()}
    for path in newer.values():
        path.unlink()
    write_repodata(own / "noarch")
    url = own.as_uri()
    old = machine.json("lock", "dated", "prio", "-c", url)
    assert names(old) == {"dated": "1.0", "prio": "1.0"}
    for name, path in newer.items():
        path.write_bytes(kept[name])
    shutil.copy(channels.extra / "noarch/prio-2.0-0.conda", own / "noarch")
    write_repodata(own / "noarch")
    moved = machine.json("lock", "--update", "dated")
    assert names(moved) == {"dated": "2.0", "prio": "1.0"}
    assert [(c["what"], c["name"]) for c in moved["changes"]] == [("changed", "dated")]
    renewed = machine.json("lock")
    assert names(renewed) == {"dated": "2.0", "prio": "2.0"}
    assert [c["name"] for c in renewed["changes"]] == ["prio"]
    for name in ("", "dated=2.0", "datde"):
        refused = machine.json("lock", "--update", name, code=2)
        assert refused["what"] == f"--update {name}: it is not locked"


def _but(*prefixes: str) -> Any:
    """Leave out of a copy what begins with none of the prefixes."""
    return lambda _, found: [n for n in found if not n.startswith(tuple(f"{p}-" for p in prefixes))]


def test_environment_yml_gives_name_specs_and_variables(
    machine: Machine, channels: Channels
) -> None:
    (machine.root / "environment.yml").write_text(
        f"name: proj\nchannels: ['{channels.main_url}']\ndependencies: [dated=1.0]\n"
        "variables: {COLOUR: 'red # green'}\n"
    )
    machine.run("lock", "-f", "environment.yml")
    file = read_pixi((machine.root / "proj.lock").read_text(), machine.root / "proj.lock")
    assert (file.name, file.variables) == ("proj", {"COLOUR": "red # green"})
    assert file.locks[0].specs == ("dated=1.0",)
    made = machine.json("create", "-f", "proj.lock")
    prefix = Path(made["prefix"])
    assert prefix.name == "proj"
    assert (
        json.loads((prefix / "conda-meta/state").read_text())["env_vars"]["COLOUR"] == "red # green"
    )


def test_a_list_gets_its_digests_from_the_channel(machine: Machine, channels: Channels) -> None:
    made = machine.json("lock", "wants-prio-1", "-c", channels.main_url)
    record = channels.records("noarch")["prio-1.0-0.conda"]
    urls = [p["url"] for p in made["locks"][0]["packages"]]
    text = "@EXPLICIT\n" + "\n".join(
        f"{u}#{record['md5']}" if "prio-1.0" in u and "wants" not in u else u for u in urls
    )
    (machine.root / "list.txt").write_text(text)
    refused = machine.json("create", "e", "-f", "list.txt", code=5)
    assert refused["error"] == "digest"
    assert "sealenv lock -f list.txt" in refused["hint"]
    compared = machine.json("diff", "list.txt", "sealenv.lock")
    assert compared["changes"] == []
    assert compared["without_digest"] == ["prio", "wants-prio-1"]
    filled = machine.json("lock", "-f", "list.txt")
    assert filled["output"] == str(machine.root / "list.lock")
    assert filled["locks"][0]["packages"] == made["locks"][0]["packages"]
    machine.run("create", "e", "-f", "list.lock")

    (machine.root / "list.txt").write_text(text.replace(record["md5"], "0" * 32))
    wrong = machine.json("lock", "-f", "list.txt", code=5)
    assert "another digest of prio-1.0-0.conda" in wrong["what"]
    (machine.root / "list.txt").write_text(text + f"\n{channels.main_url}/noarch/gone-1-0.conda\n")
    gone = machine.json("lock", "-f", "list.txt", code=5)
    assert gone["details"] == [f"{channels.main_url}/noarch/gone-1-0.conda"]


@pytest.mark.parametrize("format", ["pixi", "explicit", "conda-lock"])
def test_every_format_makes_the_same_environment(
    machine: Machine, channels: Channels, format: str
) -> None:
    wanted = ("python", "pip", "hello-prefix", "archive-bz2")
    first = machine.json("lock", *wanted, "-c", channels.main_url)
    machine.run("export", "sealenv.lock", "--format", format, "-o", "other")
    made = machine.json("create", "e", "-f", "other", "--no-pyc")
    assert made["lock_digest"] == first["locks"][0]["digest"]
    assert made["checked"]
    prefix = Path(made["prefix"])
    pip = json.loads(next((prefix / "conda-meta").glob("pip-*.json")).read_text())
    assert (pip["noarch"], pip["depends"]) == ("python", ["python >=3.10"])
    machine.run("diff", "e", "sealenv.lock")
    again = machine.run("export", "e", "--format", "explicit").stdout
    assert set(re.findall(r"^file.*", again, re.M)) == {
        f"{p['url']}#{p['sha256']}" for p in first["locks"][0]["packages"]
    }


def test_what_a_list_does_not_say_is_taken_from_the_archives(
    machine: Machine, channels: Channels
) -> None:
    """Else the lock would say that nothing depends on anything."""
    machine.run("lock", "wants-prio-1", "-c", channels.main_url)
    machine.run("export", "sealenv.lock", "--format", "explicit", "-o", "list.txt")
    machine.run("export", "list.txt", "--format", "conda-lock", "-o", "other.lock")
    file = read_lock(machine.root / "other.lock", "linux-64")
    (needs,) = (p for p in file.locks[0].packages if p.name == "wants-prio-1")
    assert needs.record["depends"] == ["prio 1.*"]
    assert machine.json("diff", "sealenv.lock", "other.lock")["changes"] == []


@pytest.mark.parametrize(
    ("key", "told", "said"),
    [
        ("name", "other", "'dated' is its name, not 'other'"),
        ("noarch", "python", "'not python' is its noarch, not 'python'"),
    ],
)
def test_a_lock_that_calls_an_archive_something_else(
    machine: Machine, channels: Channels, key: str, told: str, said: str
) -> None:
    """Also when the archive is in the cache, where it came for what it is."""
    machine.run("lock", "dated=1.0", "-c", channels.main_url)
    machine.run("create", "first", "-f", "sealenv.lock")
    path = machine.root / "sealenv.lock"
    head, mark, entry = path.read_text().rpartition("- conda: ")
    path.write_text(f"{head}{mark}{entry.rstrip()}\n  {key}: {told}\n")
    refused = machine.json("create", "second", "-f", "sealenv.lock", code=6)
    assert said in refused["what"]
    assert not (machine.envs / "second").exists()


def test_what_changes_a_lock_is_refused_beside_it(machine: Machine, channels: Channels) -> None:
    machine.run("lock", "dated", "-c", channels.main_url)
    for option in (["3.12"], ["--with", "prio"], ["--without", "dated"], ["-c", "x"],
                   ["--exclude-newer", "2026-01-01"]):  # fmt: skip
        answer = machine.json("create", "e", *option, "-f", "sealenv.lock", code=2)
        assert "sealenv.lock is a lock" in answer["what"]


def test_what_this_machine_has_not_is_refused(machine: Machine, channels: Channels) -> None:
    machine.run("lock", "dated", "-c", channels.main_url)
    path = machine.root / "sealenv.lock"
    path.write_text(path.read_text().replace("  size:", "  depends:\n  - __glibc >=99\n  size:", 1))
    answer = machine.json("create", "e", "-f", "sealenv.lock", code=4)
    assert answer["error"] == "solve"
    assert re.fullmatch(r"__glibc >=99 \(here is [0-9.]+\): dated", answer["details"][0])
    assert not (machine.envs / "e").exists()


def test_a_file_that_is_no_lock_of_ours_is_kept(machine: Machine, channels: Channels) -> None:
    mine = machine.root / "mine.txt"
    mine.write_text("mine\n")
    (machine.root / "link.lock").symlink_to(mine)
    for name in ("mine.txt", "link.lock"):
        answer = machine.json("lock", "dated", "-c", channels.main_url, "-o", name, code=2)
        assert answer["error"] == "output-exists"
    linked = machine.json("lock", "dated", "-o", "link.lock", "--force", code=2)
    assert linked["error"] == "output-exists"
    assert mine.read_text() == "mine\n"
    machine.run("lock", "dated", "-c", channels.main_url, "-o", "mine.txt", "--force")
    assert "environments:" in mine.read_text()


def test_a_platform_comes_to_the_others_and_a_spec_to_what_was_asked_for(
    machine: Machine, channels: Channels
) -> None:
    machine.run("lock", "dated=1.0", "-c", channels.main_url)
    first = machine.run("export", "sealenv.lock", "--format", "explicit").stdout
    wrong = machine.json("create", "x", "-f", "sealenv.lock", "--platform", "win-64", code=2)
    assert wrong["hint"].endswith("sealenv lock -f sealenv.lock --platform win-64")
    machine.run("lock", "-f", "sealenv.lock", "--platform", "win-64")
    path = machine.root / "sealenv.lock"
    file = read_pixi(path.read_text(), path)
    assert file.platforms == (channels.subdir, "win-64")
    assert {lock.specs for lock in file.locks} == {("dated=1.0",)}
    explicit = ("export", "sealenv.lock", "--format", "explicit", "--platform")
    assert machine.run(*explicit, channels.subdir).stdout == first

    refused = machine.json("lock", "--update", "prio", code=2)
    assert refused["hint"].endswith("sealenv lock prio --update prio")
    added = machine.json("lock", "prio", "--update", "prio")
    assert names(added, "win-64") == {"dated": "1.0", "prio": "1.0"}
    assert names(added, channels.subdir) == names(added, "win-64")

    one = machine.run("export", "sealenv.lock", "--platform", "win-64").stdout
    assert read_pixi(one, path).platforms == ("win-64",)
    gone = machine.json("export", "sealenv.lock", "--platform", "osx-64", "-o", "x", code=2)
    assert gone["what"] == "nothing is locked for osx-64"


def test_a_matchspec_that_is_none_is_told_with_its_place(
    machine: Machine, channels: Channels
) -> None:
    (machine.root / "environment.yml").write_text(
        f"channels: ['{channels.main_url}']\ndependencies:\n  - dated\n  - dated =1 =2 =3\n"
    )
    (machine.root / "list.txt").write_text("# wanted\ndated\nprio >>\n")
    for file, place in (("environment.yml", ":4:5"), ("list.txt", ":3:1")):
        for command in (["create", "x"], ["lock"]):
            refused = machine.json(*command, "-f", file, "-c", channels.main_url, code=2)
            assert "is not a MatchSpec" in refused["what"]
            assert refused["where"].endswith(f"{file}{place}")
            assert "--with" not in refused["hint"]


def test_differences_have_words_data_and_an_exit_code(machine: Machine, channels: Channels) -> None:
    for version in ("1.0", "2.0"):
        spec = (f"dated=={version}", *(["prio"] if version == "2.0" else []))
        machine.run("lock", *spec, "-c", channels.main_url, "-o", f"{version}.lock")
    said = machine.run("diff", "1.0.lock", "2.0.lock", code=1)
    assert said.stdout == "~ dated 1.0 -> 2.0\n+ prio 1.0 0\n"
    data = machine.json("diff", "2.0.lock", "1.0.lock", code=1)
    assert [(c["what"], c["name"]) for c in data["changes"]] == [
        ("changed", "dated"), ("removed", "prio"),
    ]  # fmt: skip
    assert (
        machine.json("diff", "1.0.lock", code=2)["what"] == "diff needs two locks or environments"
    )
    assert machine.json("diff", "1.0.lock", "nope", code=7)["error"] == "not-found"
    machine.run("create", "e", "-f", "1.0.lock")
    record = next((machine.envs / "e/conda-meta").glob("dated-*.json"))
    record.write_text(record.read_text().replace('"1.0"', '"1.5"'))
    assert machine.run("diff", "e", code=1).stdout == "~ dated 1.0 -> 1.5\n"


def test_an_environment_is_exported_as_it_is_or_as_it_was_asked_for(
    machine: Machine, channels: Channels
) -> None:
    machine.run("lock", "wants-prio-1", "-c", channels.main_url)
    machine.run("create", "e", "-f", "sealenv.lock")
    exact = machine.run("export", "e", "--format", "environment-yml").stdout
    assert "  - prio=1.0=0\n  - wants-prio-1=1.0=0\n" in exact
    asked = machine.run("export", "e", "--format", "environment-yml", "--from-history").stdout
    assert "dependencies:\n  - wants-prio-1\n" in asked
    assert machine.json("export", "e", "--from-history", "-o", "x", code=2)["error"] == "usage"
    assert machine.json("export", "e", "-o", "sealenv.lock", code=2)["error"] == "output-exists"
    record = next((machine.envs / "e/conda-meta").glob("prio-*.json"))
    record.write_text(re.sub(r'"sha256": "[0-9a-f]+",', "", record.read_text()))
    answer = machine.json("export", "e", "-o", "x", code=5)
    assert answer["details"] == ["prio-1.0-0"]


def test_credentials_fetch_and_are_written_nowhere(machine: Machine, channels: Channels) -> None:
    with ChannelServer(channels.root, auth=("me", "hunter2")) as server:
        machine.run("lock", "dated", "-c", server.url())
        text = (machine.root / "sealenv.lock").read_text()
        lines = re.findall(r"http.*conda$", text, re.M)
        (machine.root / "list.txt").write_text(
            "@EXPLICIT\n" + lines[0].replace("://", "://me:hunter2@") + "\n"
        )
        machine.run("lock", "-f", "list.txt")
    (machine.root / "list.txt").unlink()
    assert traces(machine.root, b"hunter2") == []
