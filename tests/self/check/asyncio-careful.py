"""Deadlines on asyncio, as 06 has them, and careful."""
import asyncio
import resource
import signal
import socket
import sys

TIMEOUT, TICK = 5, 0.2


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.unsent, self.is_last_try = transport, 0, False
        transport.set_write_buffer_limits(high=0)  # told of any unsent byte
        self.loop = asyncio.get_running_loop()
        self.moved = self.loop.time()
        self.timer = self.loop.call_later(TIMEOUT, self.look)

    def data_received(self, data):
        self.moved = self.loop.time()
        self.transport.write(data)

    def pause_writing(self):
        self.transport.pause_reading()
        self.timer.cancel()
        self.look()

    def resume_writing(self):
        self.moved = self.loop.time()
        self.transport.resume_reading()

    def connection_lost(self, _):
        self.timer.cancel()

    def look(self):
        """While bytes are unsent, often: the transport tells of no progress."""
        unsent = self.transport.get_write_buffer_size()
        if unsent != self.unsent:
            self.unsent, self.moved = unsent, self.loop.time()
        left = self.moved + TIMEOUT - self.loop.time()
        if left <= 0 and self.is_last_try:
            return self.transport.abort()
        # After a suspension epoll.poll() may time out with events waiting.
        self.is_last_try = left <= 0
        pause = 0 if self.is_last_try else TICK if unsent else left
        self.timer = self.loop.call_later(pause, self.look)


async def accept(listener):
    loop = asyncio.get_running_loop()
    while True:
        try:
            client, _ = await loop.sock_accept(listener)
            await loop.connect_accepted_socket(Echo, client)
        except ConnectionAbortedError:
            continue
        except OSError as error:
            print("cannot accept:", error, file=sys.stderr)
            await asyncio.sleep(1)


async def main():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=4096)
    listener.setblocking(False)
    accepting = asyncio.create_task(accept(listener))
    for number in signal.SIGINT, signal.SIGTERM:
        asyncio.get_running_loop().add_signal_handler(number, accepting.cancel)
    await asyncio.wait([accepting])


asyncio.run(main())
