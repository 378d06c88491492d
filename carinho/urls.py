"""Every address of the hub. An app of ours brings its own by having a module `urls`."""

from django.apps import apps
from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLResolver, include, path
from django.utils.module_loading import module_has_submodule
from django.views.generic import RedirectView

from carinho.access import account, login
from carinho.access.roles import OUR_APPS
from carinho.api.schema_views import Docs, Schema
from carinho.health import Health, Ready


def of_our_apps() -> list[URLResolver]:
    ours = [config for config in apps.get_app_configs() if config.label in OUR_APPS]
    return [
        path("", include(f"{config.name}.urls"))
        for config in ours
        if config.module and module_has_submodule(config.module, "urls")
    ]


def closed(request: HttpRequest, **_parts: str) -> HttpResponse:
    """A page of Django's admin that shows rows as no page of ours does."""
    raise Http404


urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/login/", login.login),
    path("admin/login/code/", login.code, name="login_code"),
    path("admin/account/", admin.site.admin_view(account.account), name="account"),
    path(
        "admin/account/second-factor/",
        admin.site.admin_view(account.second_factor_page),
        name="account_factor",
    ),
    path("admin/autocomplete/", admin.site.admin_view(closed)),
    path("admin/r/<path:row>/", admin.site.admin_view(closed)),
    path("admin/", admin.site.urls),
    path("api/schema", Schema.as_view(), name="schema"),
    path("api/docs", Docs.as_view()),
    path("health", Health.as_view()),
    path("horizon", RedirectView.as_view(pattern_name="admin:index")),
    path("ready", Ready.as_view()),
    *of_our_apps(),
]

handler400 = "carinho.api.errors.bad_request"
handler403 = "carinho.api.errors.permission_denied"
handler404 = "carinho.api.errors.not_found"
handler500 = "carinho.api.errors.server_error"
