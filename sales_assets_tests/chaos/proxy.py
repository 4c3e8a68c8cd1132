"""A proxy before a server, which cuts or slows down what goes through it.

Belongs here: passing bytes on. Does not: when it is cut or slow (`faults`).
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

CHUNK = 1 << 16
Target = tuple[str, int] | Path
"""An address, or the file of a socket."""


@dataclass
class Proxy:
    """What it does now; connections that are open when it is cut are reset."""

    target: Target
    port: int = 0
    is_cut: bool = False
    delay: float = 0.0
    """Seconds that each piece waits, in each direction."""
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _open: set[asyncio.StreamWriter] = field(default_factory=set)
    _server: asyncio.Server = field(init=False)

    def cut(self) -> None:
        """Reset all connections, and every new one."""
        self.is_cut = True
        self.loop.call_soon_threadsafe(self._reset)

    def mend(self) -> None:
        """Pass everything on again, at once."""
        self.is_cut, self.delay = False, 0.0

    def _reset(self) -> None:
        for writer in self._open:
            writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_cut:
            writer.transport.abort()
            return
        try:
            if isinstance(self.target, Path):
                there = await asyncio.open_unix_connection(str(self.target))
            else:
                there = await asyncio.open_connection(*self.target)
        except OSError:
            writer.transport.abort()
            return
        writers = {writer, there[1]}
        self._open |= writers
        try:
            await asyncio.gather(self._pass_on(reader, there[1]), self._pass_on(there[0], writer))
        except asyncio.CancelledError:
            pass  # the end of the proxy: whoever raised here would be told of in the log
        finally:
            self._open -= writers
            for one in writers:
                one.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await reader.read(CHUNK):
                if self.delay:
                    await asyncio.sleep(self.delay)
                writer.write(piece)
                await writer.drain()
            if writer.can_write_eof():
                writer.write_eof()

    async def begin(self) -> None:
        """Listen on a free port of the loopback interface."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def end(self) -> None:
        """Listen no more, and reset what is open."""
        self._server.close()
        self._reset()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


@contextmanager
def proxy(target: Target) -> Iterator[Proxy]:
    """A proxy that listens while the block lasts."""
    made = Proxy(target)
    thread = threading.Thread(target=made.loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(made.begin(), made.loop).result(10)
    try:
        yield made
    finally:
        asyncio.run_coroutine_threadsafe(made.end(), made.loop).result(10)
        made.loop.call_soon_threadsafe(made.loop.stop)
        thread.join(10)
        made.loop.close()
