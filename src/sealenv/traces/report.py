"""A trace report: looked before and after, compared, and told (docs/reference/trace-report.md)."""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sealenv._version import __version__
from sealenv.traces.places import NOT_LOOKED_AT, Place, places
from sealenv.traces.registry import Values, read_registry
from sealenv.traces.snapshot import Change, Snapshot, compare, take

__all__ = ["TraceReport"]

SCHEMA = 1


class TraceReport:
    """Begun before a command and finished after it."""

    def __init__(
        self,
        prefix: Path,
        caches: Mapping[str, Path],
        report: Path,
        command: Sequence[str],
        environ: Mapping[str, str],
    ) -> None:
        """Look at everything for the first time.

        Args:
            prefix: of the environment: what is in it may be written.
            caches: name -> folder that may be written too.
            report: the file that the report becomes: no trace of the command.
            command: its words.
            environ: the live variables of this process, which are looked at again at the end.
        """
        self._clock = time.perf_counter()
        self.prefix = os.path.realpath(prefix)
        self.caches = {name: os.path.realpath(folder) for name, folder in caches.items()}
        self.command = list(command)
        self._allowed = (self.prefix, *self.caches.values())
        self._skip = (*self._allowed, os.path.realpath(report))
        self._environ = environ
        self._places = places(environ, os.path.expanduser("~"))
        self._started = _now()
        self._before = self._look()
        self._environ_before = dict(environ)
        self._registry_before = read_registry()
        self._own_before = self._look_at_our_own()
        self._seconds = time.perf_counter() - self._clock

    def finish(self, outcome: str, error: str | None, code: int) -> dict[str, Any]:
        """Look again and compare.

        Args:
            outcome: done, failed or interrupted.
            error: what failed, in a line.
            code: the exit code that the command is going to have.

        Returns:
            The report, ready for JSON.
        """
        clock = time.perf_counter()
        after = self._look()
        shown = []
        elsewhere: list[str] = []
        way: list[str] = []
        for place in self._places:
            old, new = self._before[place.path], after[place.path]
            change = compare(old, new)
            shown.append(_place_json(place, old, new, change))
            for path in (*change.added, *change.removed, *change.changed):
                into = way if self._leads_to_ours(path) else elsewhere
                if path not in into:
                    into.append(path)
        registry = _registry_json(self._registry_before, read_registry())
        variables = _variables_json(self._environ_before, dict(self._environ))
        own = self._look_at_our_own()
        tally = {
            name: _tally(self._own_before[name], own[name]) for name in ("prefix", *self.caches)
        }
        keys = sum(len(row[kind]) for row in registry for kind in ("added", "removed", "changed"))
        return {
            "schema": SCHEMA,
            "sealenv": __version__,
            "command": self.command,
            "started": self._started,
            "finished": _now(),
            "outcome": {"state": outcome, "error": error, "exit_code": code},
            "tally": {
                **tally,
                "elsewhere": {"paths": len(elsewhere), "registry": keys},
            },
            "elsewhere": elsewhere,
            "way": way,
            "places": shown,
            "registry": registry,
            "environment": variables,
            "not_looked_at": list(NOT_LOOKED_AT),
            "seconds": {
                "before": round(self._seconds, 4),
                "after": round(time.perf_counter() - clock, 4),
            },
        }

    def _look(self) -> dict[str, Snapshot]:
        return {p.path: take(p.path, full=p.full, skip=self._skip) for p in self._places}

    def _look_at_our_own(self) -> dict[str, Snapshot]:
        found = {"prefix": take(self.prefix, full=True, most=_MANY)}
        for name, folder in self.caches.items():
            others = [p for p in self._allowed if p != folder and not folder.startswith(p + os.sep)]
            found[name] = take(folder, full=True, skip=others, most=_MANY)
        return found

    def _leads_to_ours(self, path: str) -> bool:
        """Whether it is a folder on the way to what may be written: made for it, if it was not there."""
        start = os.path.normcase(path) + os.sep
        return any(os.path.normcase(own).startswith(start) for own in self._allowed)


_MANY = 10_000_000


def _now() -> str:
    return dt.datetime.now(dt.timezone.utc).isoformat(timespec="seconds")


def _place_json(place: Place, old: Snapshot, new: Snapshot, change: Change) -> dict[str, Any]:
    return {
        "path": place.path,
        "looked_at": "in full" if place.full else "top level",
        "why": place.why,
        "before": {"exists": old.exists, "entries": len(old.entries)},
        "after": {"exists": new.exists, "entries": len(new.entries)},
        "added": list(change.added),
        "removed": list(change.removed),
        "changed": list(change.changed),
        "truncated": old.truncated or new.truncated,
        "unreadable": old.unreadable or new.unreadable,
    }


def _tally(old: Snapshot, new: Snapshot) -> dict[str, Any]:
    change = compare(old, new, inode=False)
    written = [path for path in (*change.added, *change.changed) if path in new.entries]
    fresh = Snapshot(True, {path: new.entries[path] for path in written})
    return {
        "existed": old.exists,
        "files_before": old.files,
        "files_after": new.files,
        "files_written": fresh.files,
        "bytes_written": fresh.size,
        "removed": len(change.removed),
    }


def _registry_json(
    before: Mapping[str, Values | None], after: Mapping[str, Values | None]
) -> list[dict[str, Any]]:
    """Names alone: data may be anybody's."""
    rows = []
    for key, old in before.items():
        new = after[key]
        had, has = old or {}, new or {}
        rows.append({
            "key": key,
            "before": {"exists": old is not None, "values": len(had)},
            "after": {"exists": new is not None, "values": len(has)},
            "added": sorted(has.keys() - had.keys()),
            "removed": sorted(had.keys() - has.keys()),
            "changed": sorted(name for name in had.keys() & has.keys() if had[name] != has[name]),
        })  # fmt: skip
    return rows


def _variables_json(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, Any]:
    """Names alone, but for PATH: values may be secrets."""
    return {
        "variables": len(before),
        "added": sorted(after.keys() - before.keys()),
        "removed": sorted(before.keys() - after.keys()),
        "changed": sorted(n for n in before.keys() & after.keys() if before[n] != after[n]),
        "path_before": before.get("PATH", "").split(os.pathsep),
        "path_after": after.get("PATH", "").split(os.pathsep),
    }
