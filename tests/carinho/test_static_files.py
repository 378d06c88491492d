"""Scripts and styles are kept by a browser for as long as they are the same."""

import re

import pytest
from django.templatetags.static import static
from django.test import Client


def kept(address):
    answer = Client().get(address)
    assert b"".join(answer.streaming_content)
    return answer["Cache-Control"]


def test_file_is_kept_for_ever_under_the_address_that_pages_give_it():
    assert re.fullmatch(r"/static/console/console\.css\?v=[0-9a-f]{12}", static("console/console.css"))
    assert "immutable" in kept(static("console/console.css"))


def test_file_of_another_version_is_asked_for_again():
    assert kept("/static/console/console.css?v=older") == "no-cache"


def test_file_that_styles_name_without_its_version_is_kept_for_a_minute():
    assert kept("/static/unfold/fonts/inter/Inter-Regular.woff2") == "max-age=60, public"


def test_file_that_is_not_there_has_an_address_all_the_same():
    assert static("console/none.css") == "/static/console/none.css"


@pytest.mark.django_db
def test_every_script_and_style_of_a_page_has_its_version():
    page = Client().get("/admin/login/").content.decode()
    addresses = re.findall(r'"(/static/[^"]+\.(?:js|css)[^"]*)"', page)
    assert addresses
    assert all("?v=" in address for address in addresses)
