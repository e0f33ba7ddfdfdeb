"""One thread, and one client can end it: no except, and sendall.

The usual handler sets a flag, and nothing wakes the loop that should look at it
(PEP 475): SIGTERM does not end this server.
"""
import selectors
import signal
import socket
import sys

running = True


def stop(*_):
    global running
    running = False


signal.signal(signal.SIGTERM, stop)
selector = selectors.DefaultSelector()
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
selector.register(listener, selectors.EVENT_READ)
while running:
    for key, _ in selector.select():
        if key.fileobj is listener:
            client, _ = listener.accept()
            client.setblocking(False)
            selector.register(client, selectors.EVENT_READ)
        elif data := key.fileobj.recv(65536):
            key.fileobj.sendall(data)
        else:
            selector.unregister(key.fileobj)
            key.fileobj.close()
