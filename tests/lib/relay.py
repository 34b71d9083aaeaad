# SPDX-License-Identifier: LGPL-2.1-or-later
"""A TCP relay on loopback: delays both directions without limiting what goes through, and cuts.

    with Relay(port, delay=0.01, cut=Cut("answers", 1234)) as relay: … connect to relay.port …

Each end is a thread of asyncio's loop; nothing outlives the `with`.
"""
import asyncio
import collections
import socket
import struct
import threading

CHUNK = 1 << 16
# So much may be under way in one direction: far more than a window of commands at any delay of ours.
UNDER_WAY = 1 << 24

# way: "commands" (client to server) or "answers"; after: bytes of that way that pass (of one connection);
# reset: by RST, else in order; connection: of which number (0: the first; None: of each);
# answered: the server still gets all that it was sent ("commands": what had come up to the cut).
Cut = collections.namedtuple("Cut", "way after reset connection", defaults=(False, None))


class Relay:
    def __init__(self, port, delay=0.0, cut=None, lose=None):
        """lose: bytes in an answer before which the connection ends, once: the answer is lost, its effect is not."""
        self.target, self.delay, self.cut, self.lose = port, delay, cut, lose
        self.connections, self.port = 0, None
        self.passed = collections.Counter()  # way → bytes, of all connections
        self.lost = 0
        self.loop = asyncio.new_event_loop()
        self.started = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.thread.start()
        self.started.wait()
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self._end)
        self.thread.join()

    def _end(self):
        for task in asyncio.all_tasks(self.loop):
            task.cancel()

    def _run(self):
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_until_complete(self._serve())
        except asyncio.CancelledError:
            pass
        pending = asyncio.all_tasks(self.loop)
        self.loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
        self.loop.close()

    async def _serve(self):
        server = await asyncio.start_server(self._meet, "127.0.0.1", 0, limit=CHUNK)
        self.port = server.sockets[0].getsockname()[1]
        self.started.set()
        async with server:
            await server.serve_forever()

    async def _meet(self, reader, writer):
        number, self.connections = self.connections, self.connections + 1
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.target, limit=CHUNK)
        except OSError:
            writer.close()
            return
        for one in (writer, up_writer):
            one.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        ends = (writer, up_writer)
        cut = self.cut if self.cut and self.cut.connection in (None, number) else None
        await asyncio.gather(self._pump("commands", reader, up_writer, ends, cut),
                             self._pump("answers", up_reader, writer, ends, cut), return_exceptions=True)
        for one in ends:
            one.close()

    def _break(self, ends, reset):
        for one in ends:
            if reset:
                one.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                one.transport.abort()
            else:
                one.close()

    def _lost(self, way, data):
        """Where in the data the answer begins that shall be lost; None: not here."""
        if self.lose is None or way != "answers" or self.lost:
            return None
        at = data.find(self.lose)
        return data.rfind(b"\n", 0, at) + 1 if at >= 0 else None

    async def _pump(self, way, reader, writer, ends, cut):
        """What was read goes on when its time has come; what comes meanwhile is read."""
        queue = asyncio.Queue()
        feeder = asyncio.ensure_future(self._feed(queue, writer, way, ends, cut))
        held, waiting = 0, collections.deque()
        try:
            while data := await reader.read(CHUNK):
                due = self.loop.time() + self.delay
                held += len(data)
                waiting.append((due, len(data)))
                while waiting and waiting[0][0] <= self.loop.time():
                    held -= waiting.popleft()[1]
                queue.put_nowait((due, data))
                if held > UNDER_WAY:
                    await asyncio.sleep(self.delay)
        except OSError:
            pass
        queue.put_nowait((self.loop.time() + self.delay, b""))
        await feeder

    async def _feed(self, queue, writer, way, ends, cut):
        passed = 0
        try:
            while True:
                due, data = await queue.get()
                if self.delay:
                    await asyncio.sleep(max(0, due - self.loop.time()))
                if not data:
                    writer.close()
                    return
                stop = cut is not None and cut.way == way and passed + len(data) >= cut.after
                if stop:
                    data = data[:cut.after - passed]
                lost = self._lost(way, data)
                if lost is not None:
                    data, stop, self.lost = data[:lost], True, 1
                passed += len(data)
                self.passed[way] += len(data)
                writer.write(data)
                await writer.drain()
                if stop:
                    self._break(ends, cut is not None and cut.reset)
                    return
        except OSError:
            self._break(ends, False)
