"""One POST: what is sent, and which answers are none."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from clientcert.runtime.http import FetchError, post_ocsp

OCSP = "application/ocsp-response"


class Handler(BaseHTTPRequestHandler):
    """Answers by the path: status, media type, number of bytes."""

    seen: list[tuple[str, str | None, bytes]]

    def do_POST(self) -> None:
        """Note what came, and answer."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        type(self).seen.append((self.path, self.headers["Content-Type"], body))
        _, status, kind, size = self.path.partition("?")[0].split("/")
        self.send_response(int(status))
        if kind:
            self.send_header("Content-Type", kind.replace(":", "/"))
        if status == "302":
            self.send_header("Location", "/200/application:ocsp-response/5")
        self.send_header("Content-Length", size)
        self.end_headers()
        self.wfile.write(b"x" * int(size))

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""


@pytest.fixture
def server() -> Iterator[str]:
    """The URL of a server on this machine."""
    Handler.seen = []
    with HTTPServer(("127.0.0.1", 0), Handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{httpd.server_port}"
        finally:
            httpd.shutdown()
            thread.join()


def test_answer(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The body of a good answer comes back; path, query and body went out; no proxy of the environment was asked."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert post_ocsp(f"{server}/200/application:ocsp-response/5?a=b", b"question", timeout_seconds=5) == b"xxxxx"
    assert Handler.seen == [("/200/application:ocsp-response/5?a=b", "application/ocsp-request", b"question")]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        pytest.param("/500/application:ocsp-response/5", "answers 500", id="status"),
        pytest.param("/302/application:ocsp-response/0", "answers 302", id="redirect"),
        pytest.param("/200/text:html/5", "answers 200 'text/html'", id="media-type"),
        pytest.param("/200//5", "answers 200 ''", id="no-media-type"),
        pytest.param("/200/application:ocsp-response/65537", "more than 65536 bytes", id="size"),
    ],
)
def test_no_answer(server: str, path: str, text: str) -> None:
    """Other answers are none; a redirect is not followed."""
    with pytest.raises(FetchError, match=text):
        post_ocsp(server + path, b"question", timeout_seconds=5)
    assert len(Handler.seen) == 1


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "https://127.0.0.1:1"])
def test_nobody_there(url: str) -> None:
    """A responder that is not there is said to be so."""
    with pytest.raises(FetchError, match="cannot be asked"):
        post_ocsp(url, b"question", timeout_seconds=1)
