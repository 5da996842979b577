"""Images come from allowed places only, in bounded time and size."""

import base64
import http.server
import threading
import time

import pytest

from sklearn_ctran._serve.errors import RequestError
from sklearn_ctran._serve.photos import PhotoSource

ACCESS, PERSONAL = "an.access.token", "a.personal.token"


@pytest.fixture
def site():
    """A server on the loopback: its address, and the requests that came (path, authorization)."""
    requests = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            requests.append((self.path, self.headers.get("Authorization")))
            if self.path.startswith("/to/"):
                self.send_response(302)
                self.send_header("Location", self.path[4:])
                self.end_headers()
                return
            if self.path == "/gone":
                self.send_error(404)
                return
            if self.path == "/private" and self.headers.get("Authorization") is None:
                self.send_error(401)
                return
            body = b"x" * 2000 if self.path == "/large" else b"image"
            self.send_response(200)
            self.end_headers()
            try:
                for i in range(len(body)):
                    self.wfile.write(body[i : i + 1])
                    if self.path == "/slow":
                        self.wfile.flush()
                        time.sleep(0.2)
            except OSError:
                pass

        def do_POST(self):
            size = int(self.headers["Content-Length"])
            requests.append((self.path, self.rfile.read(size).decode()))
            is_right = PERSONAL in requests[-1][1]
            self.send_response(200 if is_right else 401)
            self.end_headers()
            self.wfile.write(b'{"access": "%s"}' % ACCESS.encode())

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", requests
    server.shutdown()
    server.server_close()


@pytest.fixture
def make():
    sources = []

    def make(**params):
        sources.append(PhotoSource(**params))
        return sources[-1]

    yield make
    for source in sources:
        source.close()


def refused(source, place, status, message):
    with pytest.raises(RequestError, match=message) as error:
        source.read(place)
    assert error.value.status == status


def test_allowed_hosts(site, make):
    address, requests = site
    host = address.partition("//")[2]
    assert make(hosts=[host]).read(f"{address}/a.png") == b"image"
    assert make(hosts=["127.0.0.1"]).read(f"{address}/a.png") == b"image"
    refused(make(), f"{address}/a.png", 403, f"--allow-host {host} would allow it")
    refused(make(hosts=["127.0.0.1:1"]), f"{address}/a.png", 403, "is not allowed")
    assert len(requests) == 2


@pytest.mark.parametrize(
    "place",
    [
        "http://user:password@127.0.0.1/a.png",
        "http://127.0.0.1@169.254.169.254/a.png",
        "http://[::1]/a.png",
        "http://127.0.0.1.example.org/a.png",
        "http:///a.png",
    ],
)
def test_hosts_in_disguise(place, make):
    with pytest.raises(RequestError) as error:
        make(hosts=["127.0.0.1"]).read(place)
    assert error.value.status == 403


@pytest.mark.parametrize(
    "place", ["ftp://a/b.png", "s3://bucket/b.png", "gopher://x", "javascript:1"]
)
def test_other_schemes(place, make):
    refused(make(hosts=["a", "bucket"]), place, 403, "Images are not read from")


def test_redirects_go_to_allowed_hosts_only(site, make):
    address, _ = site
    host = address.partition("//")[2]
    source = make(hosts=[host])
    assert source.read(f"{address}/to//a.png") == b"image"
    refused(source, f"{address}/to/http://localhost:1/a.png", 403, "localhost:1.* is not allowed")
    refused(source, f"{address}/to/file:///etc/passwd", 403, "is not in a folder|not allowed")
    refused(source, f"{address}/to//to//to//to//to//a.png", 502, "redirected more than 3 times")


def test_what_goes_wrong_there(site, make):
    address, _ = site
    source = make(hosts=["127.0.0.1"], max_bytes=1000, seconds=0.5)
    refused(source, f"{address}/gone", 502, "answers 404")
    refused(source, f"{address}/private", 502, "answers 401. Is the token right")
    refused(source, f"{address}/large", 413, "more than 1,000 bytes")
    refused(source, f"{address}/slow", 504, "takes more than 0.5 seconds")
    refused(source, "http://127.0.0.1:1/a", 502, "could not be read: ConnectError")


def test_places_in_label_studio(site, make):
    address, requests = site
    source = make(label_studio=f"{address}/projects", token="legacy")
    assert source.read("/data/upload/1/a.png") == b"image"
    assert requests == [("/data/upload/1/a.png", "Token legacy")]
    refused(make(), "/data/upload/1/a.png", 403, "start the server with --label-studio")


def test_a_personal_token_is_changed_for_an_access_token(site, make):
    address, requests = site
    source = make(label_studio=address, token=PERSONAL)
    source.read("/data/a.png")
    source.read("/data/b.png")
    assert [path for path, _ in requests] == ["/api/token/refresh/", "/data/a.png", "/data/b.png"]
    assert requests[1][1] == requests[2][1] == f"Bearer {ACCESS}"
    refused(
        make(label_studio=address, token="b.a.d"), "/data/a.png", 502, "does not take the token"
    )


def test_the_token_goes_nowhere_else(site, make):
    address, requests = site
    source = make(label_studio="http://127.0.0.1:1", token="legacy", hosts=["127.0.0.1"])
    source.read(f"{address}/a.png")
    assert requests == [("/a.png", None)]


@pytest.mark.parametrize("address", ["localhost:8080", "ftp://localhost", "http://", ""])
def test_a_bad_address_of_label_studio(address):
    with pytest.raises(ValueError, match="must begin with http"):
        PhotoSource(label_studio=address)


def test_files(tmp_path, make):
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "a b.png").write_bytes(b"image")
    (tmp_path / "other.png").write_bytes(b"other")
    (folder / "link.png").symlink_to(tmp_path / "other.png")
    source = make(folders=[folder], max_bytes=5)
    assert source.read(str(folder / "a b.png")) == b"image"
    assert source.read(f"file://{folder}/a%20b.png") == b"image"
    for place in ("../other.png", "link.png", "gone.png", ".", "a b.png/c", "a\0b"):
        refused(source, f"{folder}/{place}", 403, "is not in a folder that may be read")
    refused(make(), str(folder / "a b.png"), 403, "is not in a folder that may be read")
    refused(make(folders=[folder], max_bytes=4), str(folder / "a b.png"), 413, "more than 4 bytes")


def test_folders_must_be_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        PhotoSource(folders=[tmp_path / "gone"])


def test_images_in_tasks(make):
    data = base64.b64encode(b"image").decode()
    source = make(max_bytes=5)
    assert source.read(f"data:image/png;base64,{data}") == b"image"
    refused(source, f"data:image/png,{data}", 400, "not in base64")
    refused(source, "data:image/png;base64,?", 400, "broken base64")
    refused(source, "data:image/png;base64," + "A" * 100, 413, "more than 5 bytes")


@pytest.mark.parametrize("place", [None, 3, "", ["a.png"]])
def test_no_place(place, make):
    refused(make(), place, 400, "must be an address or a path")
