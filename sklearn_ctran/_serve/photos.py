"""Images of tasks: by address, in a file, or in the task itself.

Only hosts and folders that were allowed are asked. Whoever can send a task could otherwise read
what this machine can reach.
"""

import base64
import binascii
import threading
import time
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import httpx

from sklearn_ctran._serve.errors import RequestError
from sklearn_ctran._utils.files import file_status

_MOST_REDIRECTS = 3
#: Seconds for which an access token is used; Label Studio's last five minutes.
_TOKEN_SECONDS = 200


class PhotoSource:
    """Where images come from.

    Parameters
    ----------
    label_studio : str or None
        Address of Label Studio, ``http://localhost:8080``. Its host is allowed, and places such as
        ``/data/upload/1/a.jpg`` are there.
    token : str or None
        A token of Label Studio, personal or legacy; sent there and nowhere else.
    hosts : iterable of str
        Other hosts that may be asked: ``example.org`` or, with one port only, ``example.org:8000``.
    folders : iterable of path-like
        Folders whose files may be read, and those of their folders.
    max_bytes : int
        Size of the largest image.
    seconds : float
        How long an image may take.
    """

    def __init__(
        self, label_studio=None, token=None, hosts=(), folders=(), max_bytes=1 << 25, seconds=20.0
    ):
        self._base = None if label_studio is None else _checked_base(label_studio)
        self._token = token
        self._hosts = {host.lower() for host in hosts}
        if self._base is not None:
            self._hosts.add(urlsplit(self._base).netloc.lower())
        self._folders = [Path(folder).resolve(strict=True) for folder in folders]
        self._max_bytes = max_bytes
        self._seconds = seconds
        # Addresses of a proxy in the environment would be asked for what is allowed only here.
        self._client = httpx.Client(timeout=min(seconds, 10.0), trust_env=False)
        self._access, self._access_until = None, 0.0
        self._lock = threading.Lock()

    def read(self, place):
        """The bytes of an image; raises RequestError, with a status, if they cannot be had."""
        if not isinstance(place, str) or not place:
            raise RequestError(
                f"The image of a task must be an address or a path, got {place!r:.80}."
            )
        if place.startswith("data:"):
            return self._from_data(place)
        scheme = _split(place).scheme.lower()
        if scheme in ("http", "https"):
            return self._from_host(place)
        if place.startswith("/data/"):
            if self._base is None:
                raise RequestError(
                    f"{place!r} is a place in Label Studio: start the server with --label-studio "
                    "and its address.",
                    403,
                )
            return self._from_host(_joined(self._base, place))
        if scheme == "file":
            return self._from_file(unquote(_split(place).path))
        if len(scheme) > 1:  # one letter is a drive of Windows
            raise RequestError(f"Images are not read from {scheme}: ({place!r:.80}).", 403)
        return self._from_file(place)

    def close(self):
        """Close the connections."""
        self._client.close()

    def _from_data(self, place):
        head, comma, data = place.partition(",")
        if not comma or not head.endswith(";base64"):
            raise RequestError("The image is a data: address, but not in base64.")
        if len(data) > self._max_bytes * 4 / 3 + 4:
            raise self._too_large("The image of the task")
        try:
            return base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError):
            raise RequestError("The image is a data: address with broken base64.") from None

    def _from_file(self, place):
        try:
            path = Path(place).resolve(strict=True)
            if not any(path.is_relative_to(folder) for folder in self._folders):
                raise _not_allowed(place)
            size = file_status(path).st_size
        except (OSError, ValueError, RuntimeError) as error:
            if isinstance(error, RequestError):
                raise
            # Whether a file exists outside of the folders is nobody's business.
            raise _not_allowed(place) from None
        if size > self._max_bytes:
            raise self._too_large(repr(place))
        return path.read_bytes()

    def _from_host(self, url):
        end = time.monotonic() + self._seconds
        for _ in range(_MOST_REDIRECTS + 1):
            self._check_host(url)
            try:
                with self._client.stream("GET", url, headers=self._headers(url)) as response:
                    if not response.is_redirect:
                        return self._body(response, url, end)
                    url = _joined(url, response.headers.get("location", ""))
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise RequestError(
                    f"{url!r} could not be read: {type(error).__name__} {error}.", 502
                ) from None
        raise RequestError(f"{url!r} is redirected more than {_MOST_REDIRECTS} times.", 502)

    def _body(self, response, url, end):
        if response.status_code != 200:
            hint = " Is the token right?" if response.status_code in (401, 403) else ""
            raise RequestError(f"{url!r} answers {response.status_code}.{hint}", 502)
        parts, n_bytes = [], 0
        for part in response.iter_bytes():
            n_bytes += len(part)
            if n_bytes > self._max_bytes:
                raise self._too_large(repr(url))
            if time.monotonic() > end:
                raise RequestError(f"{url!r} takes more than {self._seconds:g} seconds.", 504)
            parts.append(part)
        return b"".join(parts)

    def _check_host(self, url):
        parts = _split(url)
        if parts.scheme not in ("http", "https") or parts.username or parts.password:
            raise _not_allowed(url)
        try:
            names = {(parts.hostname or "").lower(), parts.netloc.lower()}
        except ValueError:
            names = set()
        if not names & self._hosts:
            raise RequestError(
                f"The host of {url!r:.200} is not allowed: --allow-host {parts.netloc or 'HOST'} "
                "would allow it.",
                403,
            )

    def _headers(self, url):
        if self._token is None or not self._is_label_studio(url):
            return {}
        if self._token.count(".") != 2:
            return {"Authorization": f"Token {self._token}"}
        return {"Authorization": f"Bearer {self._access_token()}"}

    def _is_label_studio(self, url):
        return self._base is not None and _split(url)[:2] == urlsplit(self._base)[:2]

    def _access_token(self):
        """What Label Studio gives for a personal access token, for some minutes."""
        with self._lock:
            if time.monotonic() > self._access_until:
                answer = self._client.post(
                    urljoin(self._base, "/api/token/refresh/"), json={"refresh": self._token}
                )
                if answer.status_code != 200:
                    raise RequestError(
                        f"Label Studio does not take the token: it answers {answer.status_code}.",
                        502,
                    )
                self._access = answer.json()["access"]
                self._access_until = time.monotonic() + _TOKEN_SECONDS
            return self._access

    def _too_large(self, what):
        return RequestError(f"{what} has more than {self._max_bytes:,} bytes.", 413)


def _split(url):
    try:
        return urlsplit(url)
    except ValueError as error:
        raise _no_address(url, error) from None


def _joined(base, url):
    try:
        return urljoin(base, url)
    except ValueError as error:
        raise _no_address(url, error) from None


def _no_address(url, error):
    return RequestError(f"{url!r:.200} is no address: {error}.")


def _not_allowed(place):
    return RequestError(
        f"{place!r:.200} is not in a folder that may be read: --local-files names one.", 403
    )


def _checked_base(address):
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError(
            f"The address of Label Studio must begin with http:// or https://, got {address!r}."
        )
    return f"{parts.scheme}://{parts.netloc}/"
