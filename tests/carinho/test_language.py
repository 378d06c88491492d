"""Language and time zone are there before the first word is looked up."""

from django.http import HttpResponse
from django.utils import timezone, translation
from django.utils.translation import trans_real

from carinho.language import LanguageMiddleware


def test_view_finds_language_and_time_zone_where_django_looks_first(rf, settings):
    found = {}

    def view(_request):
        found.update(language=trans_real._active.value.to_language(), zone=timezone._active.value.key)
        return HttpResponse()

    with translation.override(None), timezone.override(None):
        LanguageMiddleware(view)(rf.get("/"))
    assert found == {"language": settings.LANGUAGE_CODE, "zone": settings.TIME_ZONE}
