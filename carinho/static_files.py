"""Scripts and styles: a browser keeps each until it changes, for its address says what is in it."""

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import StaticFilesStorage
from django.http import HttpRequest
from whitenoise.middleware import WhiteNoiseMiddleware

FOREVER = "max-age=31536000, public, immutable"
ASK_FIRST = "no-cache"


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
        response = WhiteNoiseMiddleware.serve(static_file, request)
        if asked := request.GET.get("v"):
            version = version_of(request.path_info.removeprefix(settings.STATIC_URL))
            response["Cache-Control"] = FOREVER if asked == version else ASK_FIRST
        return response


@cache
def version_of(name: str) -> str:
    """A digest of what the file holds; empty for none."""
    path = finders.find(name)
    return sha256(Path(path).read_bytes()).hexdigest()[:12] if path else ""
