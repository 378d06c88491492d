"""Scripts and styles: packed, and kept by a browser until they change, for an address says what is in it."""

import gzip
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import StaticFilesStorage
from django.http import HttpRequest
from django.utils.cache import patch_vary_headers
from whitenoise.middleware import WhiteNoiseMiddleware

FOREVER = "max-age=31536000, public, immutable"
ASK_FIRST = "no-cache"
PACKED = (".css", ".js", ".svg")  # fonts are packed as they are


class VersionedStorage(StaticFilesStorage):
    @cache  # noqa: B019 -- there is one storage; a page asks for two dozen
    def url(self, name: str | None, force: bool = False) -> str:
        address = super().url(name or "")
        version = "" if settings.DEBUG else version_of(name or "")
        return f"{address}?v={version}" if version else address


class StaticFilesMiddleware(WhiteNoiseMiddleware):
    @staticmethod
    def serve(static_file: Any, request: HttpRequest) -> Any:
        """The file; nobody keeps it under the address of another version.

        While processes are replaced one by one, a page of the new hub may ask one of the old for its file.
        """
        name = request.path_info.removeprefix(settings.STATIC_URL)
        response = WhiteNoiseMiddleware.serve(static_file, request)
        if name.endswith(PACKED):
            patch_vary_headers(response, ["Accept-Encoding"])
            is_whole = request.method == "GET" and response.status_code == 200
            if is_whole and "gzip" in request.headers.get("Accept-Encoding", ""):
                content = packed(name, response["ETag"])
                response.streaming_content = [content]
                response["Content-Encoding"] = "gzip"
                response["Content-Length"] = str(len(content))
        if asked := request.GET.get("v"):
            response["Cache-Control"] = FOREVER if asked == version_of(name) else ASK_FIRST
        return response


@cache
def packed(name: str, _tag: str) -> bytes:
    """The file in gzip; packed once for each tag, which changes with the file."""
    return gzip.compress(Path(str(finders.find(name))).read_bytes(), mtime=0)


@cache
def version_of(name: str) -> str:
    """A digest of what the file holds; empty for none."""
    path = finders.find(name)
    return sha256(Path(path).read_bytes()).hexdigest()[:12] if path else ""
