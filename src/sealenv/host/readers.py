"""A tree read by as many processes as there are processors, this one among them.

Threads are slower here: most files are small, and opening one holds the interpreter. Each helper gets a
share, the costly items first, and works from its front; we work from the back of whichever share has the
most left, until both meet. So nobody waits for another for long, whatever else the machine does, and
what a helper does not do (it was killed) is done here.
"""

from __future__ import annotations

import itertools
import marshal
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

from sealenv.host import reader
from sealenv.host.environ import engine_environ

__all__ = ["COST", "Readers", "Task", "start_early"]

T = TypeVar("T")

COST = 20_000
"""What opening a file costs, in bytes that could be hashed meanwhile."""
_WORTH = 24_000_000
"""A helper that has less to do than this takes longer to start than it saves."""
_MOST = 8
_WINDOW = 60 * COST
"""What a helper is about to do is left to it if it costs less than this."""
_STEP = 200


class Readers:
    """This process and its helpers. A context: at its end they end, whatever they do.

    Args:
        processors: how many processes at most, this one among them; as many as there are without it.
    """

    def __init__(self, processors: int | None = None) -> None:
        self._most = min(processors or os.cpu_count() or 1, _MOST) - 1
        self._helpers: list[_Helper] = _early[: self._most]
        del _early[: self._most]

    def __enter__(self) -> Readers:
        return self

    def __exit__(self, *_: object) -> None:
        for helper in self._helpers:
            helper.close()
        self._helpers.clear()

    def sha256(
        self, root: str, names: Sequence[str], sizes: Sequence[int]
    ) -> Task[tuple[bytes, int]]:
        """Begin to hash files: see `reader.sha256_of`.

        Args:
            root: what comes before each name: see `reader.native`.
            names: of the files.
            sizes: theirs in bytes (a wrong one costs time, nothing else).
        """
        helpers = self._grown(sum(sizes) + COST * len(sizes))
        return Task(helpers, "sha256", root, names, sizes)

    def _grown(self, cost: int) -> list[_Helper]:
        """The helpers for work of that cost."""
        wanted = min(self._most, cost // _WORTH)
        while len(self._helpers) < wanted:
            self._helpers.append(_Helper())
        return self._helpers[:wanted]


class Task(Generic[T]):
    """Something asked of each file, begun. `finish` does our part of it and returns the answers."""

    def __init__(
        self,
        helpers: list[_Helper],
        verb: str,
        root: str,
        names: Sequence[str],
        sizes: Sequence[int],
    ) -> None:
        self._work: Callable[[str | bytes], T] = reader.VERBS[verb]
        self._root = root
        self._names = names
        self._results: list[T | OSError | None] = [None] * len(names)
        order = sorted(range(len(names)), key=sizes.__getitem__, reverse=True)
        count = max(len(helpers), 1)
        dealt = [order[start::count] for start in range(count)]
        self._shares = [_Share(share, [sizes[i] + COST for i in share]) for share in dealt]
        for helper, share in zip(helpers, self._shares, strict=False):
            helper.ask(verb, root, [names[number] for number in share.items], share)
        if not helpers:
            self._shares[0].give_up()

    def finish(
        self, on_item: Callable[[int, int], None] = lambda done, total: None
    ) -> list[T | OSError]:
        """The answer for each path, or why there is none; in the order given.

        Args:
            on_item: called now and then with items done and items in all.
        """
        total = len(self._names)
        for step in itertools.count():
            share = max(self._shares, key=_Share.cost_left)
            if not share.left():
                break
            number = share.take()
            if number is not None:
                self._results[number] = self._do(number)
            if step % _STEP == 0:
                on_item(total - sum(s.left() for s in self._shares), total)
        for share in self._shares:
            share.forget()
            for number, answer in zip(share.items, share.answers, strict=False):
                if self._results[number] is None:
                    self._results[number] = self._told(number, answer)
        on_item(total, total)
        return self._results  # type: ignore[return-value]

    def _do(self, number: int) -> T | OSError:
        try:
            return self._work(self._path(number))
        except OSError as error:
            return error

    def _path(self, number: int) -> str | bytes:
        return reader.native(self._root, self._names[number])

    def _told(self, number: int, answer: Any) -> T | OSError:
        if isinstance(answer, int):
            return OSError(answer, os.strerror(answer), self._path(number))
        return answer  # type: ignore[no-any-return]


class _Share:
    """One helper's items, in the order in which it does them; and what it answered so far."""

    def __init__(self, items: list[int], costs: list[int]) -> None:
        self.items = items
        self.answers: list[Any] = []
        self.forget: Callable[[], None] = lambda: None
        """Tells the helper that nothing more is wanted."""
        self._sums = [0, *itertools.accumulate(costs)]
        self._end = len(items)
        """What is behind it was taken from the back."""
        self._alone = False
        """There is no helper (any more)."""
        self._told = threading.Condition()

    def left(self) -> int:
        """How many items nobody has done or taken."""
        return max(self._end - len(self.answers), 0)

    def cost_left(self) -> int:
        """What those cost."""
        return max(self._sums[self._end] - self._sums[len(self.answers)], 0)

    def take(self) -> int | None:
        """The last item, for us; None after waiting for the helper, where that is done sooner."""
        with self._told:
            if not self.left():
                return None
            at_work = len(self.answers) + 1
            if not self._alone and self._sums[self._end] - self._sums[at_work] < _WINDOW:
                self._told.wait()
                return None
            self._end -= 1
            return self.items[self._end]

    def tell(self, answers: list[Any]) -> None:
        """The next answers of the helper."""
        with self._told:
            self.answers += answers
            self._told.notify()

    def give_up(self) -> None:
        """Nothing more will be told."""
        with self._told:
            self._alone = True
            self._told.notify()


class _Helper:
    """One bare interpreter that runs `reader`."""

    def __init__(self) -> None:
        self._shares: dict[int, _Share] = {}
        self._numbers = itertools.count()
        self._gone = False
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._process = subprocess.Popen(
                # -I: no PYTHON* variable and no current folder; -S: no site; -B: nothing is written.
                [sys.executable, "-I", "-S", "-B", str(Path(reader.__file__))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=engine_environ(os.environ),
                cwd=os.path.abspath(os.sep),  # ours may be gone
            )
        except OSError:
            self._gone = True  # no more processes: it is all done here
        else:
            self._listener = threading.Thread(target=self._listen, daemon=True)
            self._listener.start()

    def ask(self, verb: str, root: str, names: list[str], share: _Share) -> None:
        """Let it begin; its answers go to the share."""
        number = next(self._numbers)
        with self._lock:
            gone = self._gone
            self._shares[number] = share
        if gone or not self._send((number, verb, root, names)):
            share.give_up()
        share.forget = lambda: self._forget(number)

    def _forget(self, number: int) -> None:
        if self._shares.pop(number, None) is not None:
            self._send((number, "", "", []))

    def _send(self, job: tuple[int, str, str, list[str]]) -> bool:
        if self._process is None or self._process.stdin is None:
            return False
        try:
            self._process.stdin.write(marshal.dumps(job))
            self._process.stdin.flush()
        except OSError:
            return False
        return True

    def _listen(self) -> None:
        process = self._process
        assert process is not None
        assert process.stdout is not None
        try:
            while True:
                number, answers = marshal.load(process.stdout)
                if share := self._shares.get(number):
                    share.tell(answers)
        except (EOFError, ValueError, TypeError, OSError):
            with self._lock:
                self._gone = True
                shares = list(self._shares.values())
            for share in shares:
                share.give_up()

    def close(self) -> None:
        """End it, whatever it is doing."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        self._listener.join()
        for stream in (self._process.stdin, self._process.stdout):
            try:
                if stream:
                    stream.close()
            except OSError:
                continue


_early: list[_Helper] = []


def start_early() -> None:
    """Begin one now: it starts while we import. Who never uses it loses nothing, it ends with us."""
    if not _early and (os.cpu_count() or 1) > 1:
        _early.append(_Helper())
