"""One thread, as 04 has it, in forty lines; EMFILE ends it."""
import contextlib
import resource
import selectors
import signal
import socket
import sys

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


def advance(client, unsent):
    try:
        if not unsent and not (unsent := client.recv(65536)):
            raise EOFError
        unsent = unsent[client.send(unsent):]
    except BlockingIOError:
        pass  # not now
    except (OSError, EOFError):
        selector.unregister(client)
        return client.close()
    selector.modify(client, WRITE if unsent else READ, unsent)


hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
selector = selectors.DefaultSelector()  # epoll, kqueue or poll
signalled, wakeup = socket.socketpair()
wakeup.setblocking(False)
signal.set_wakeup_fd(wakeup.fileno())
for number in signal.SIGINT, signal.SIGTERM:
    signal.signal(number, lambda *_: None)
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
listener.setblocking(False)
selector.register(signalled, READ, "stop")
selector.register(listener, READ, "accept")
while True:
    for key, _ in selector.select():
        if key.data == "stop":
            sys.exit()
        elif key.data == "accept":
            with contextlib.suppress(BlockingIOError, ConnectionAbortedError):
                client, _ = listener.accept()
                client.setblocking(False)
                selector.register(client, READ, b"")
        else:
            advance(key.fileobj, key.data)
