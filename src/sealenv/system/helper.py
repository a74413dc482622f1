"""One bare interpreter that reads files for us, and its share of them."""

from __future__ import annotations

import bisect
import itertools
import queue
import threading
import time

from sealenv.system import bare, reader

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Sequence
    from typing import Any

__all__ = ["COST", "PATIENCE", "Helper", "Share"]

COST = 20_000
"""What opening a file costs, in bytes that could be hashed meanwhile."""
_WINDOW = 60 * COST
"""What a helper is about to do is left to it if it costs less than this."""
PATIENCE = 5.0
"""For so many seconds a helper may answer nothing (it may be stopped), and ..."""
_SLOWEST = 50e6
"""... for as long as it takes besides to hash its file at so many bytes a second, ..."""
_LONGEST = 3600.0
"""... but no longer: a size may be a lie."""


class Share:
    """One helper's items, in the order in which it does them; and what it answered so far."""

    def __init__(self, items: Sequence[int], sums: Sequence[int], patience: float) -> None:
        self.items = items
        self._sums = sums
        """What so many of the first of them cost."""
        self._patience = patience
        self.answers: list[Any] = []
        self.hurry: Callable[[], None] = lambda: None
        """Tells the helper that somebody waits for its answers now."""
        self.forget: Callable[[], None] = lambda: None
        """Tells the helper that nothing more is wanted."""
        self._end = len(items)
        """What is behind it was taken from the back."""
        self._alone = False
        """There is no helper (any more), or it is silent."""
        self._heard = time.monotonic()
        """When it was asked, or said something last."""
        self.silent: Callable[[], None] = lambda: None
        """Tells whose share it is that its helper does not answer."""
        self._told = threading.Condition()

    def left(self) -> int:
        """How many items nobody has done or taken."""
        return max(self._end - len(self.answers), 0)

    def cost_left(self) -> int:
        """What those cost."""
        return max(self._sums[self._end] - self._sums[len(self.answers)], 0)

    def take(self) -> Sequence[int]:
        """The last items, for us: some that take us no longer than the helper's answers are held back.

        Nothing after waiting for the helper, where the rest is done sooner by it.
        """
        with self._told:
            if not self.left():
                return ()
            sums, done, end = self._sums, len(self.answers), self._end
            if not self._alone:
                done += 1  # it is at work on the next
                if sums[end] - sums[done] < _WINDOW:
                    cost = sums[done] - sums[done - 1]
                    # One that is stopped, or whose file never ends, is not waited for: we do its part.
                    until = self._heard + self._patience + min(cost / _SLOWEST, _LONGEST)
                    if not self._told.wait(max(until - time.monotonic(), 0)):
                        self._alone = True
                        self.silent()
                    return ()
            goal = min(_WINDOW, (sums[end] - sums[done]) // 4)
            self._end = min(bisect.bisect_left(sums, sums[end] - goal, done, end), end - 1)
            return self.items[self._end : end]

    def tell(self, answers: list[Any]) -> None:
        """The next answers of the helper."""
        with self._told:
            self.answers += answers
            self._told.notify()

    def is_heard(self) -> None:
        """The helper has said something."""
        self._heard = time.monotonic()

    def is_alone(self) -> bool:
        """Whether nobody is waited for."""
        return self._alone

    def give_up(self) -> None:
        """Nothing more will be told."""
        with self._told:
            self._alone = True
            self._told.notify()


class Helper:
    """One bare interpreter that runs `reader`."""

    def __init__(self) -> None:
        self._shares: dict[int, Share] = {}
        self._numbers = itertools.count()
        self._gone = False
        self._lock = threading.Lock()
        self._jobs: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._process: subprocess.Popen[bytes] | None = None
        self._threads: list[threading.Thread] = []
        try:
            self._process = bare.start()
            for work in (self._listen, self._send):
                thread = threading.Thread(target=work, daemon=True)
                thread.start()
                self._threads.append(thread)
        except (OSError, RuntimeError):  # no more processes, or threads: it is all done here
            self._gone = True
            self.kill()

    def ask(
        self,
        verb: str,
        argument: Any,
        root: str,
        text: str | bytes | reader.Part,
        expected: list[Any] | bytes | reader.Part | None,
        share: Share,
    ) -> None:
        """Let it begin with names, a NUL between two; its answers go to the share."""
        number = next(self._numbers)
        with self._lock:
            gone = self._gone
            self._shares[number] = share
        share.silent = self._fall_silent
        if gone:
            share.give_up()
        self._jobs.put(reader.packed((number, verb, argument, root, text, expected)))
        share.hurry = lambda: self._say(number, reader.HURRY)
        share.forget = lambda: self._forget(number)

    def _fall_silent(self) -> None:
        """It is stopped, or its file never ends: it is asked for nothing more, nor waited for again."""
        with self._lock:
            self._gone = True
            others = [share for share in self._shares.values() if not share.is_alone()]
        for share in others:
            share.give_up()

    def _forget(self, number: int) -> None:
        if self._shares.pop(number, None) is not None:
            self._say(number, reader.END)

    def _say(self, number: int, verb: str) -> None:
        self._jobs.put(reader.packed((number, verb, None, "", "", None)))

    def _send(self) -> None:
        """A thread's work: one that is stopped takes no job, and its pipe is soon full."""
        assert self._process is not None
        assert self._process.stdin is not None
        while (job := self._jobs.get()) is not None:
            try:
                self._process.stdin.write(job)
                self._process.stdin.flush()
            except (OSError, ValueError):
                return  # it is gone, as the listener learns too

    def _listen(self) -> None:
        process = self._process
        assert process is not None
        assert process.stdout is not None
        try:
            while True:
                number, answers = reader.unpacked(process.stdout)
                for asked in list(self._shares.values()):
                    asked.is_heard()  # it is at work, on whichever
                if share := self._shares.get(number):
                    share.tell(answers)
        except (EOFError, ValueError, TypeError, OSError):
            with self._lock:
                self._gone = True
                shares = list(self._shares.values())
            for share in shares:
                share.give_up()

    def kill(self) -> None:
        """Let it end, whatever it is doing; `close` waits for that."""
        if self._process is not None:
            self._process.kill()

    def close(self) -> None:
        """End it, and take back what it was given."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        self._jobs.put(None)
        for thread in self._threads:
            thread.join()
        for stream in (self._process.stdin, self._process.stdout):
            try:
                if stream:
                    stream.close()
            except OSError:
                continue
