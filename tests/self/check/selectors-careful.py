"""One thread, as 04 has it, and careful."""
import resource
import selectors
import signal
import socket
import sys
import time

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
selector = selectors.DefaultSelector()
unsent = {}


def advance(client):
    """Moves bytes once; the client is watched for what it then waits for."""
    try:
        if not unsent[client]:
            unsent[client] = client.recv(65536)
            if not unsent[client]:
                return close(client)
        unsent[client] = unsent[client][client.send(unsent[client]):]
    except (BlockingIOError, InterruptedError):
        pass
    except OSError:
        return close(client)
    selector.modify(client, WRITE if unsent[client] else READ)


def close(client):
    selector.unregister(client)
    del unsent[client]
    client.close()


def accept(listener):
    """Returns until when not to accept."""
    try:
        client, _ = listener.accept()
    except (BlockingIOError, ConnectionAbortedError):
        return 0
    except OSError as error:
        print("cannot accept:", error, file=sys.stderr)
        selector.unregister(listener)
        return time.monotonic() + 1
    client.setblocking(False)
    unsent[client] = b""
    selector.register(client, READ)
    return 0


def main():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    signalled, wakeup = socket.socketpair()
    wakeup.setblocking(False)
    signal.set_wakeup_fd(wakeup.fileno())
    for number in signal.SIGINT, signal.SIGTERM:
        signal.signal(number, lambda *_: None)
    selector.register(signalled, READ)
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=4096)
    listener.setblocking(False)
    selector.register(listener, READ)
    until = 0
    while True:
        left = max(0, until - time.monotonic()) if until else None
        for key, _ in selector.select(left):
            if key.fileobj is signalled:
                sys.exit(0)
            elif key.fileobj is listener:
                until = accept(listener)
            else:
                advance(key.fileobj)
        if until and time.monotonic() >= until:
            until = 0
            selector.register(listener, READ)


main()
