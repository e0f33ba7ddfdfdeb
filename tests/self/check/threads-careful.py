"""A thread per client, as 02 has it, and careful."""
import resource
import socket
import sys
import threading
import time


def serve(client):
    with client:
        try:
            while data := client.recv(65536):
                client.sendall(data)
        except OSError:
            pass  # the client's trouble, and its end


def main():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    address = ("127.0.0.1", int(sys.argv[1]))
    with socket.create_server(address, backlog=4096) as listener:
        while True:
            try:
                client, _ = listener.accept()
            except ConnectionAbortedError:
                continue
            except OSError as error:
                print("cannot accept:", error, file=sys.stderr)
                time.sleep(1)
                continue
            threading.Thread(target=serve, args=[client], daemon=True).start()


main()
