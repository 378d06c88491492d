"""Scripts and styles are kept by a browser for as long as they are the same."""

import gzip
import re
from pathlib import Path

import pytest
from django.templatetags.static import static
from django.test import Client


def got(address, **headers):
    """An answer, and what it brings."""
    answer = Client().get(address, headers=headers)
    return answer, answer.getvalue()


def kept(address):
    answer, content = got(address)
    assert content
    return answer["Cache-Control"]


def test_file_is_kept_for_ever_under_the_address_that_pages_give_it():
    assert re.fullmatch(r"/static/console/console\.css\?v=[0-9a-f]{12}", static("console/console.css"))
    assert "immutable" in kept(static("console/console.css"))


def test_file_of_another_version_is_asked_for_again():
    assert kept("/static/console/console.css?v=older") == "no-cache"


def test_file_that_styles_name_without_its_version_is_kept_for_a_minute():
    assert kept("/static/unfold/fonts/inter/Inter-Regular.woff2") == "max-age=60, public"


STYLES = "/static/console/console.css"
AS_WRITTEN = Path("static/console/console.css").read_bytes()


def test_styles_are_packed_for_a_browser_that_unpacks_them():
    answer, content = got(STYLES, accept_encoding="gzip, deflate, br")
    assert answer["Content-Encoding"] == "gzip"
    assert int(answer["Content-Length"]) == len(content) < len(AS_WRITTEN) / 2
    assert gzip.decompress(content) == AS_WRITTEN


def test_packed_file_is_kept_as_long_as_the_other():
    answer, _content = got(static("console/console.css"), accept_encoding="gzip")
    assert "immutable" in answer["Cache-Control"]
    assert answer["Content-Type"] == 'text/css; charset="utf-8"'


def test_who_does_not_unpack_gets_the_file_as_it_is_and_a_cache_between_is_told():
    answer, content = got(STYLES)
    assert content == AS_WRITTEN
    assert "Content-Encoding" not in answer
    assert answer["Vary"] == "Accept-Encoding"


def test_part_of_a_file_is_a_part_of_it_as_it_is():
    answer, content = got(STYLES, accept_encoding="gzip", range="bytes=0-9")
    assert answer.status_code == 206
    assert content == AS_WRITTEN[:10]


def test_file_that_has_not_changed_is_not_sent_again():
    tag = got(STYLES, accept_encoding="gzip")[0]["ETag"]
    answer, content = got(STYLES, accept_encoding="gzip", if_none_match=tag)
    assert (answer.status_code, content) == (304, b"")
    assert answer["Vary"] == "Accept-Encoding"


def test_font_is_not_packed_twice():
    answer, _content = got("/static/unfold/fonts/inter/Inter-Regular.woff2", accept_encoding="gzip")
    assert "Content-Encoding" not in answer
    assert "Vary" not in answer


def test_file_that_is_not_there_has_an_address_all_the_same():
    assert static("console/none.css") == "/static/console/none.css"


@pytest.mark.django_db
def test_every_script_and_style_of_a_page_has_its_version():
    page = Client().get("/admin/login/").content.decode()
    addresses = re.findall(r'"(/static/[^"]+\.(?:js|css)[^"]*)"', page)
    assert addresses
    assert all("?v=" in address for address in addresses)


@pytest.mark.django_db
def test_page_waits_for_no_more_files_than_a_browser_asks_for_at_once():
    head, _rest = Client().get("/admin/login/").content.decode().split("</head>")
    waited_for = re.findall(r'rel="stylesheet"|<script src="[^"]+">', head)
    assert 1 < len(waited_for) <= 6
