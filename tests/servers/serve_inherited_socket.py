"""uvicorn on an inherited TCP socket (``--fd``), as a socket-activating supervisor starts it: ``… PORT``."""

import socket
import sys

import uvicorn

if __name__ == "__main__":
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
    uvicorn.run("tests.servers.echo:app", http="clientcert.servers.uvicorn:Auto", fd=listener.fileno())
