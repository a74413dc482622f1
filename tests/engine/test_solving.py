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


class TestExcludeNewer:
    def test_what_was_built_later_is_left_out(self, machine: Machine, channels: Channels) -> None:
        args = ("-c", channels.main_url, *tiny("dated"))
        assert chosen(machine, *args)["dated"][0] == "2.0"
        assert chosen(machine, *args, "--exclude-newer", "2024-06-01")["dated"][0] == "1.0"
        zone = chosen(machine, *args, "--exclude-newer", "2025-01-01T02:00:00+03:00")
        assert zone["dated"][0] == "1.0"

    @pytest.mark.parametrize(
        ("package", "time"), [("undated", "2024-06-01"), ("dated", "2019-01-01")]
    )
    def test_what_is_left_out_is_the_reason(
        self, machine: Machine, channels: Channels, package: str, time: str
    ) -> None:
        args = ("-c", channels.main_url, *tiny(package), "--exclude-newer", time)
        answer = chosen(machine, *args, code=4)
        assert "packages newer than" in answer["hint"]
