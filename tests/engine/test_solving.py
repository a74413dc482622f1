"""What is chosen, and what is said when nothing can be."""

from __future__ import annotations

import hashlib
import platform
from typing import Any

import pytest

from tests.channel import Channels, ChannelServer
from tests.machine import Machine, tiny


def chosen(machine: Machine, *args: str, code: int = 0) -> dict[str, Any]:
    """Name -> version and channel of the plan, or the error."""
    answer = machine.json("create", "e", "--dry-run", *args, code=code)
    assert not (machine.envs / "e").exists()
    if code:
        return answer
    return {p["name"]: (p["version"], p["url"].split("/")[-3]) for p in answer["packages"]}


def test_an_unsolvable_spec_gives_the_reason(machine: Machine, channels: Channels) -> None:
    answer = chosen(machine, "-c", channels.main_url, *tiny("prio >=3"), code=4)
    assert answer["error"] == "solve"
    assert "no version of prio fits; available: 1.0" in answer["details"]


def test_a_conflict_names_both_sides(machine: Machine, channels: Channels) -> None:
    answer = chosen(machine, "-c", channels.main_url, *tiny("wants-prio-1", "wants-prio-2"), code=4)
    said = "\n".join(answer["details"])
    assert "wants-prio-2" in said
    assert "prio 2.*" in said


def test_a_missing_package_gets_near_names(machine: Machine, channels: Channels) -> None:
    answer = chosen(machine, "-c", channels.main_url, *tiny("demo-helo"), code=4)
    assert any(
        "demo-helo is in no channel for linux-64; near names: demo-hello" in line
        for line in answer["details"]
    )


@pytest.mark.parametrize("spec", ["__glibc >=99", "needs-glibc"])
def test_a_virtual_package_is_of_the_machine(
    machine: Machine, channels: Channels, spec: str
) -> None:
    extra = () if spec != "needs-glibc" else ("--virtual-package", "__glibc=2.5")
    answer = chosen(machine, "-c", channels.main_url, *tiny(spec, "dated"), *extra, code=4)
    (line,) = (line for line in answer["details"] if "property of the machine" in line)
    value = "2.5" if extra else platform.libc_ver()[1]
    assert line == (
        f"__glibc is a property of the machine, not a package: this machine has {value}"
    )
    assert "--virtual-package" in answer["hint"]


class TestPriority:
    def test_the_first_channel_wins(self, machine: Machine, channels: Channels) -> None:
        both = ("-c", channels.main_url, "-c", channels.extra_url)
        assert chosen(machine, *both, *tiny("prio"))["prio"] == ("1.0", "main")
        turned = ("-c", channels.extra_url, "-c", channels.main_url)
        assert chosen(machine, *turned, *tiny("prio"))["prio"] == ("2.0", "extra")

    def test_the_second_gives_what_only_it_has(self, machine: Machine, channels: Channels) -> None:
        both = ("-c", channels.main_url, "-c", channels.extra_url)
        plan = chosen(machine, *both, *tiny("only-in-extra", "prio"))
        assert plan == {"only-in-extra": ("1.0", "extra"), "prio": ("1.0", "main")}

    @pytest.mark.parametrize("spec", ["prio 2.*", "wants-prio-2"])
    def test_a_lower_channel_does_not_step_in(
        self, machine: Machine, channels: Channels, spec: str
    ) -> None:
        """py-rattler lets it, for a direct spec."""
        both = ("-c", channels.main_url, "-c", channels.extra_url)
        answer = chosen(machine, *both, *tiny(spec), code=4)
        assert "prio" in "\n".join([answer["what"], *answer["details"]])

    def test_unless_it_is_named(self, machine: Machine, channels: Channels) -> None:
        both = ("-c", channels.main_url, "-c", channels.extra_url)
        plan = chosen(machine, *both, *tiny(f"{channels.extra_url}::prio"))
        assert plan["prio"] == ("2.0", "extra")

    def test_a_named_channel_need_not_be_listed(self, machine: Machine, channels: Channels) -> None:
        """As in conda, it is the last one, and also gives dependencies that no other has."""
        spec = f"{channels.extra_url}::only-in-extra"
        args = ("-c", channels.main_url, *tiny(spec, "prio"))
        plan = chosen(machine, *args)
        assert plan == {"only-in-extra": ("1.0", "extra"), "prio": ("1.0", "main")}
        answer = machine.json("lock", spec, "prio", "-c", channels.main_url)
        urls = [f"{url}/" for url in (channels.main_url, channels.extra_url)]
        assert answer["locks"][0]["channels"] == urls
        assert machine.json("lock")["changes"] == []
        refused = chosen(machine, *tiny("defaults::prio"), code=2)
        assert "'defaults' stands for other channels" in refused["what"]


class TestUrl:
    """`name[url=..., sha256=...]`: the digest in the spec counts."""

    def spec(self, channels: Channels, url: str, **changed: str) -> str:
        sha256 = hashlib.sha256(channels.archive("dated").read_bytes()).hexdigest()
        return f"dated[url={url}/noarch/dated-2.0-0.conda,sha256={changed.get('sha256', sha256)}]"

    def test_it_is_locked_and_created(self, machine: Machine, channels: Channels) -> None:
        spec = self.spec(channels, channels.main_url)
        answer = machine.json("lock", spec, "-c", channels.extra_url)
        (package,) = answer["locks"][0]["packages"]
        assert package["url"] == f"{channels.main_url}/noarch/dated-2.0-0.conda"
        assert package["size"] == channels.archive("dated").stat().st_size
        assert answer["locks"][0]["channels"] == [f"{channels.extra_url}/"]
        assert machine.json("lock")["changes"] == []
        made = machine.json("create", "e", "-f", "sealenv.lock")
        again = machine.json("create", "f", "-c", channels.extra_url, *tiny(spec))
        assert again["fingerprints"]["packages"] == made["fingerprints"]["packages"]

    def test_another_digest_is_refused(self, machine: Machine, channels: Channels) -> None:
        spec = self.spec(channels, channels.main_url, sha256="a" * 64)
        refused = machine.json("lock", spec, "-c", channels.extra_url, code=5)
        assert refused["error"] == "digest"

    def test_without_a_digest_it_is_refused(self, machine: Machine, channels: Channels) -> None:
        url = f"{channels.main_url}/noarch/dated-2.0-0.conda"
        for spec in (url, f"dated[url={url}]"):
            refused = machine.json("lock", spec, "-c", channels.extra_url, code=5)
            assert refused["hint"] == f"write it like 'dated[url={url},sha256=HEX]'"

    def test_offline_only_the_cache_is_used(self, machine: Machine, channels: Channels) -> None:
        with ChannelServer(channels.root) as server:
            spec = self.spec(channels, server.url())
            args = ("lock", spec, "-c", channels.extra_url, "-o", "x.lock")
            assert machine.json(*args, "--offline", code=5)["error"] == "offline"
            assert server.answers == []
            machine.run(*args)
            seen = len(server.answers)
            machine.run(*args, "--offline")
            assert len(server.answers) == seen


class TestExcludeNewer:
    def test_what_was_built_later_is_left_out(self, machine: Machine, channels: Channels) -> None:
        args = ("-c", channels.main_url, *tiny("dated"))
        assert chosen(machine, *args)["dated"][0] == "2.0"
        assert chosen(machine, *args, "--exclude-newer", "2024-06-01")["dated"][0] == "1.0"
        assert chosen(machine, *args, "--exclude-newer", "1h")["dated"][0] == "2.0"
        assert chosen(machine, *args, "--exclude-newer", "P9999W", code=4)
        zone = chosen(machine, *args, "--exclude-newer", "2025-01-01T02:00:00+03:00")
        assert zone["dated"][0] == "1.0"

    def test_what_is_left_out_is_the_reason(self, machine: Machine, channels: Channels) -> None:
        args = ("-c", channels.main_url, *tiny("undated"), "--exclude-newer", "2024-06-01")
        answer = chosen(machine, *args, code=4)
        assert "packages newer than" in answer["hint"]
