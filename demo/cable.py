"""The network cable of one kiosk: a relay on loopback that can be pulled and put back."""

import asyncio
import contextlib
import threading
from types import TracebackType

_CHUNK = 64 * 1024


class Cable:
    """Relays TCP connections on `port` to a server. `cut` is what a pulled cable is: nothing gets
    through and nobody is told. `reset` is what a router's restart is: connections are closed.
    """

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._loop = asyncio.new_event_loop()
        self._whole = asyncio.Event()
        self._open: set[asyncio.StreamWriter] = set()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="cable", daemon=True)
        self._server: asyncio.Server | None = None
        self.port = 0
        self.is_cut = False

    def __enter__(self) -> "Cable":
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cut(self) -> None:
        """Nothing passes any more, in either direction, and no side is told."""
        self.is_cut = True
        self._loop.call_soon_threadsafe(self._whole.clear)

    def mend(self) -> None:
        """Put the cable back. What was on its way when it was cut arrives now or never, as the
        programs at both ends decide."""
        self.is_cut = False
        self._loop.call_soon_threadsafe(self._whole.set)

    def reset(self) -> None:
        """Close every connection that runs through the cable."""
        asyncio.run_coroutine_threadsafe(self._abort_all(), self._loop).result()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._listen())
        self._ready.set()
        self._loop.run_forever()

    async def _listen(self) -> None:
        self._whole.set()
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            await self._whole.wait()
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        except OSError:
            self._abort(writer)
            return
        self._open.add(far_writer)
        await asyncio.gather(self._relay(reader, far_writer), self._relay(far_reader, writer))

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A connection may be reset at any moment; for a relay that is an ordinary end.
        with contextlib.suppress(ConnectionError):
            while chunk := await reader.read(_CHUNK):
                await self._whole.wait()
                writer.write(chunk)
                await writer.drain()
        self._abort(writer)

    def _abort(self, writer: asyncio.StreamWriter) -> None:
        self._open.discard(writer)
        writer.transport.abort()

    async def _abort_all(self) -> None:
        for writer in list(self._open):
            self._abort(writer)

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        self._whole.set()
        await self._abort_all()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*others)
