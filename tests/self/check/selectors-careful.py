"""One thread, as 04 has it, and careful: selectors-short with a pause."""
import resource
import selectors
import signal
import socket
import sys
import time

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


def accept():
    """Returns when the pause that this begins ends, None without one."""
    try:
        client, _ = listener.accept()
    except (BlockingIOError, ConnectionAbortedError):
        return None
    except OSError as error:
        print("cannot accept:", error, file=sys.stderr)
        selector.unregister(listener)
        return time.monotonic() + 1
    client.setblocking(False)
    selector.register(client, READ, b"")
    return None


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
until = None
while True:
    left = max(0, until - time.monotonic()) if until else None
    for key, _ in selector.select(left):
        if key.data == "stop":
            sys.exit()
        elif key.data == "accept":
            until = accept()
        else:
            advance(key.fileobj, key.data)
    if until and time.monotonic() >= until:
        until = None
        selector.register(listener, READ, "accept")
