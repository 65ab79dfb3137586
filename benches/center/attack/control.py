"""The control: a server that does nothing, which is asked at the same time.

``python -m benches.center.attack.control`` listens on a free port, prints it, and answers each
connection at once. Its answers wait only for a processor, which shows what this machine adds.
"""

from __future__ import annotations

import socket

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def main() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(f"listening on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        while True:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(ANSWER)


if __name__ == "__main__":
    main()
