"""A server on this machine, for downloads."""

import functools
import http.server
import threading

import pytest


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass

    def end_headers(self):
        self.server.asked.append(self.path)
        if self.path in self.server.longer:
            # More bytes are announced than come: as if the connection broke off.
            name = b"Content-Length"
            self._headers_buffer = [
                name + b": 1000000\r\n" if line.startswith(name) else line
                for line in self._headers_buffer
            ]
        super().end_headers()


@pytest.fixture
def web(tmp_path):
    """A folder whose files are at ``web.url``; `asked` are the paths that were asked for.

    Of files whose paths are in `longer`, the end does not come.
    """
    folder = tmp_path / "web"
    folder.mkdir()
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.asked, server.longer, server.folder = [], set(), folder
        server.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()
