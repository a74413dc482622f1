"""The engine's process: py-rattler lives and, if it must, dies here.

Requests come in lines on stdin, events go out in lines on what was stdout. It ends when stdin
closes, whatever it is doing, so that it never outlives a killed parent; it ignores Ctrl-C, which is
the parent's to answer; and it leaves by `leave_now`, because py-rattler can crash while an
interpreter shuts down (PyO3/pyo3-async-runtimes #40).
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import BinaryIO, NoReturn

from sealenv.engine import messages
from sealenv.engine.messages import Event, Request
from sealenv.errors import EngineError, SealenvError, from_oserror
from sealenv.system.processes import leave_now
from sealenv.urls import redact

__all__ = ["main"]


def main() -> NoReturn:
    """Serve requests until End or the end of stdin."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    events = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # whatever prints to stdout must not be taken for an event
    requests: asyncio.Queue[bytes] = asyncio.Queue()

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        reader = threading.Thread(
            target=_read, args=(sys.stdin.buffer, loop, requests), daemon=True, name="requests"
        )
        reader.start()
        _load()
        while True:
            request = messages.decode_request(await requests.get())
            event = await _answer(request, lambda e: _write(events, e))
            _write(events, event)
            if isinstance(request, messages.End):
                return

    code = 0
    try:
        asyncio.run(serve())
    except BaseException as error:
        sys.stderr.write(redact(f"engine: {type(error).__name__}: {error}\n"))
        code = 70
    sys.stderr.flush()
    leave_now(code)


def _load() -> None:
    """Import now what requests will need: the parent is still reading its arguments."""

    import sealenv.engine.fetch
    import sealenv.engine.link
    import sealenv.engine.solve  # noqa: F401


def _read(
    source: BinaryIO, loop: asyncio.AbstractEventLoop, requests: asyncio.Queue[bytes]
) -> None:
    for line in source:
        loop.call_soon_threadsafe(requests.put_nowait, line)
    leave_now(0)  # the parent is gone


def _write(events: BinaryIO, event: Event) -> None:
    try:
        events.write(messages.encode(event))
    except OSError:
        leave_now(0)  # the parent is gone


async def _answer(request: Request, emit: Callable[[Event], None]) -> Event:
    try:
        if isinstance(request, messages.Solve):
            from sealenv.engine.solve import solve

            return await solve(request)
        if isinstance(request, messages.LookUp):
            from sealenv.engine.lookup import look_up

            return await look_up(request)
        if isinstance(request, messages.Complete):
            from sealenv.engine.lookup import complete

            return await complete(request)
        if isinstance(request, messages.Fit):
            from sealenv.engine.solve import lacking

            return messages.Fitted(lacking=lacking(request.lock))
        if isinstance(request, messages.Fetch):
            from sealenv.engine.fetch import fetch

            return await fetch(request, emit)
        if isinstance(request, messages.Examine):
            from sealenv.engine.fetch import examine

            return await examine(request)
        if isinstance(request, messages.Link):
            from sealenv.engine.link import link

            return await link(request, emit)
        if isinstance(request, messages.Obtain):
            from sealenv.engine.micromamba import obtain

            return await obtain(request, emit)
        if isinstance(request, messages.Index):
            from sealenv.engine.index import index

            await index(request)
        if isinstance(request, messages.Join):
            from sealenv.prefix.prefixlock import join

            join(request.prefix)
        return messages.Done()
    except SealenvError as error:
        return messages.failure(error)
    except OSError as error:
        return messages.failure(from_oserror(error))
    except Exception as error:
        return messages.failure(
            EngineError(
                f"the engine failed: {redact(str(error)) or type(error).__name__}",
                details=[type(error).__name__],
                hint="run the same command again; if it persists, please report it",
            )
        )


if __name__ == "__main__":
    main()
