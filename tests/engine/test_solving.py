"""What is chosen, and what is said when nothing can be."""

from __future__ import annotations

from typing import Any

import pytest

from tests.channel import Channels
from tests.machine import Machine, tiny


def chosen(machine: Machine, *args: str, code: int = 0) -> dict[str, Any]:
    """Name -> version and channel of the plan, or the error."""
    answer = machine.json("create", "e", "--dry-run", *args, code=code)
    assert not (machine.envs / "e").exists()
    if code:
        return answer
    return {p["name"]: (p["version"], p["url"].split("/")[-3]) for p in answer["packages"]}


def test_the_reason_is_given(machine: Machine, channels: Channels) -> None:
    for specs, said, hint in (
        (["prio >=3"], "prio >=3", "relax a version"),
        (["demo-helo"], "demo-helo", "check the spelling"),
        (["wants-prio-1", "wants-prio-2"], "prio 2.*", "relax a version"),
        (["__glibc >=99"], "__glibc >=99", "--virtual-package"),
    ):
        answer = chosen(machine, "-c", channels.main_url, *tiny(*specs), code=4)
        assert answer["error"] == "solve"
        assert said in "\n".join(answer["details"])
        assert hint in answer["hint"]


def test_a_package_by_url_is_refused(machine: Machine, channels: Channels) -> None:
    url = f"{channels.main_url}/noarch/dated-2.0-0.conda"
    for spec in (url, f"dated[url={url}]"):
        refused = machine.json("lock", spec, "-c", channels.extra_url, code=2)
        assert "cannot be requested by URL" in refused["what"]


class TestPriority:
    def test_the_first_channel_wins(self, machine: Machine, channels: Channels) -> None:
        both = ("-c", channels.main_url, "-c", channels.extra_url)
        assert chosen(machine, *both, *tiny("prio"))["prio"] == ("1.0", "main")
        turned = ("-c", channels.extra_url, "-c", channels.main_url)
        assert chosen(machine, *turned, *tiny("prio"))["prio"] == ("2.0", "extra")

    @pytest.mark.parametrize("spec", ["prio 2.*", "wants-prio-2"])
    def test_a_lower_channel_does_not_step_in(
        self, machine: Machine, channels: Channels, spec: str
    ) -> None:
        """py-rattler lets it, for a direct spec."""
        both = ("-c", channels.main_url, "-c", channels.extra_url)
        answer = chosen(machine, *both, *tiny(spec), code=4)
        assert "prio" in "\n".join([answer["what"], *answer["details"]])

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
