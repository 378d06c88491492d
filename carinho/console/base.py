"""What all pages of the engine's rows share: nothing is edited by hand, and a row has a page to be read."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin import ShowFacets
from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.admin.options import (
    IS_FACETS_VAR,
    IS_POPUP_VAR,
    TO_FIELD_VAR,
    IncorrectLookupParameters,
)
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ALL_VAR, ORDER_VAR, SEARCH_VAR
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.functional import cached_property
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin
from unfold.views import ChangeList

from carinho.access.permissions import user_actor
from carinho.access.roles import MAY_REVEAL
from carinho.console import export, saved_views
from carinho.console.addresses import list_address
from carinho.console.sidebar import title_of

MOST_COUNTED = 10_000
MOST_FOUND = 300  # counted of a search, which reads each row to know whether it is one
LONGEST_ID = 18  # digits; the database's largest has one more


def id_in(text: str) -> int | None:
    """The number of a row that a browser sent; None for what can be none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= LONGEST_ID else None


def ids_in(texts: Iterable[str]) -> list[int]:
    """Those that can be numbers of rows, in their order."""
    return [id for text in texts if (id := id_in(text)) is not None]


def actor(request: HttpRequest) -> str:
    """How the audit log names the operator."""
    return user_actor(request.user)


def page_of(row: Model) -> str:
    """The address of a row's own page."""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def list_of(model: type[Model], query: str = "") -> str:
    """The address of a model's list, filtered by `query`."""
    address = list_address(f"{model._meta.app_label}_{model._meta.model_name}")
    return f"{address}?{query}" if query else address


def page(request: HttpRequest, template: str, title: Any, **context: Any) -> TemplateResponse:
    """A page in the console's frame: the sidebar, the header, and its title in the breadcrumbs."""
    if "opts" in context:  # below a list, whose title would stand there
        request.crumb = title  # type: ignore[attr-defined]
    request.current_app = admin.site.name
    frame = {**admin.site.each_context(request), "title": title, "content_title": title}
    return TemplateResponse(request, template, frame | context)


def shown_once(
    request: HttpRequest, title: Any, *, secret: str, onward: str, notes: Sequence[Any] = (), **context: Any
) -> TemplateResponse:
    """The page of what is not shown again; its template also takes a `headline` and an `advice`."""
    context |= {"secret": secret, "onward": onward, "notes": notes}
    return page(request, "admin/shown_once.html", title, **context)


class CappedPaginator(Paginator):
    """Counts so many rows at most, so that no page scans a whole table for a number nobody reads."""

    template_name = "admin/capped_pagination.html"

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.most = MOST_COUNTED

    @cached_property
    def count(self) -> int:
        return self.object_list.order_by().values("pk")[: self.most].count()  # type: ignore[attr-defined]

    @property
    def is_capped(self) -> bool:
        return self.count >= self.most


NOT_OFFERED = "Filter or order that the list does not offer"
OFFERED_BY_DJANGO = {ALL_VAR, IS_FACETS_VAR, IS_POPUP_VAR, TO_FIELD_VAR}  # and by no page of ours


class PlainChangeList(ChangeList):
    """A list that answers only what it declares, and never compares itself with the whole table.

    A lookup that no filter offers would tell what a page masks, letter by letter, or keep the database busy.
    """

    def get_filters(self, request: HttpRequest) -> Any:
        is_ordered = ORDER_VAR in request.GET and self.sortable_by == ()
        if is_ordered or OFFERED_BY_DJANGO & request.GET.keys():
            raise DisallowedModelAdminLookup(NOT_OFFERED)
        try:
            found = super().get_filters(request)
        except IncorrectLookupParameters as error:
            raise DisallowedModelAdminLookup(NOT_OFFERED) from error
        _specs, _has_filters, undeclared, *_rest = found
        if undeclared:
            raise DisallowedModelAdminLookup(NOT_OFFERED)
        return found

    @cached_property
    def _page_of_0(self) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[0])

    def url_for_result(self, result: Model) -> str:
        """As Django's, which looks the address up anew for each row; a text would have to be quoted."""
        if not isinstance(result.pk, int):
            return super().url_for_result(result)
        return self._page_of_0.replace("/0/", f"/{result.pk}/")

    def prepare(self, rows: Sequence[Any]) -> None:
        """Read at once what the cells of these rows ask for: of a page, or of a portion of a file."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        shown: Any = self.result_list
        self.prepare(shown)
        self.full_result_count = self.result_count
        # for the page of an empty list
        self.all_well = "" if self.result_count else self.model_admin.get_all_well(request)


class ClosedAdmin(ModelAdmin):
    """Without those of Django's pages that nobody uses: they show rows as no page of ours does."""

    show_facets = ShowFacets.NEVER
    all_well: Any = ""  # what an empty list says where nothing was filtered: what would be here

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return PlainChangeList

    def get_all_well(self, request: HttpRequest) -> Any:
        return "" if request.GET else self.all_well

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        title = title_of(list_of(self.model)) or capfirst(self.opts.verbose_name_plural)
        return super().changelist_view(request, {"title": title} | (extra_context or {}))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], add: bool = False, *given: Any, **more: Any
    ) -> HttpResponse:
        if add:  # a form below a list, whose title would stand there
            request.crumb = context["title"]  # type: ignore[attr-defined]
        return super().render_change_form(request, context, add, *given, **more)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """The audit log has its place: what Django keeps of a row names the person."""
        raise Http404


class ConsoleAdmin(ClosedAdmin):
    """A list and one page per row, both to be read. What may be done is done by actions, never by a form."""

    item_template = "admin/item.html"  # shows "pairs" of a label and a value
    actions = None
    list_per_page = 50
    list_max_show_all = 0
    list_fullwidth = True
    list_filter_submit = True
    list_before_template = "admin/list_intro.html"
    intro: Any = ""  # one sentence above the list: what these rows are
    technical = ""  # what programs call these rows, as its tooltip
    exported_too: Sequence[str] = ()  # columns that only a file of the list has
    masked_columns: ClassVar[Mapping[str, str]] = {}  # what who may only see gets instead; "": nothing
    paginator = CappedPaginator
    show_full_result_count = False

    def get_paginator(self, request: HttpRequest, *args: Any, **options: Any) -> Paginator:
        made = super().get_paginator(request, *args, **options)
        if request.GET.get(SEARCH_VAR):
            made.most = min(made.most, MOST_FOUND)
        return made

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        view = require_POST(self.export_view)  # it leaves an entry in the audit log
        return [
            self.post_path("export/<str:kind>/", view, "export"),
            self.post_path("views/save/", require_POST(self.save_view), "save_view"),
            self.post_path("views/remove/", require_POST(self.remove_view), "remove_view"),
            *super().get_urls(),
        ]

    def save_view(self, request: HttpRequest) -> HttpResponse:
        """Keep the list's filters under a name, and show the list so."""
        self.must_view(request)
        name, query = posted(request, "name"), saved_views.query_of(posted(request, "query"))
        if name and query:
            is_shared = "is_shared" in request.POST
            saved_views.save(request, self.opts.label_lower, name, query, is_shared=is_shared)
            messages.success(request, _("Visão guardada: ela está acima da lista."))
        else:
            messages.error(request, _("Dê um nome, e escolha ao menos um filtro e não filtros demais."))
        return HttpResponseRedirect(list_of(self.model, query))

    def remove_view(self, request: HttpRequest) -> HttpResponse:
        self.must_view(request)
        id = id_in(posted(request, "id"))
        if id is not None and saved_views.remove(request, id):
            messages.success(request, _("Visão tirada."))
        return HttpResponseRedirect(next_page(request, list_of(self.model)))

    def _views_context(self, request: HttpRequest) -> dict[str, Any]:
        """What the list's header shows of saved views."""
        now = saved_views.query_of(request.GET.urlencode())
        prefix = f"admin:{self.opts.app_label}_{self.opts.model_name}"
        return {
            "saved_views": saved_views.of(request, self.opts.label_lower),
            "query_now": now,
            "is_filtered": bool(now),
            "may_share": saved_views.may_share(request),
            "save_view": reverse(f"{prefix}_save_view"),
            "remove_view": reverse(f"{prefix}_remove_view"),
        }

    def export_view(self, request: HttpRequest, kind: str) -> HttpResponseBase:
        """The list as it is filtered, as a file."""
        self.must_view(request)
        return export.respond(request, self.get_changelist_instance(request), kind)

    def get_list_display(self, request: HttpRequest) -> Sequence[Any]:
        masked = {} if request.user.has_perm(MAY_REVEAL) else self.masked_columns
        return [shown for name in self.list_display if (shown := masked.get(name, name))]

    def get_intro(self, request: HttpRequest) -> Any:
        return self.intro

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {
            "intro": self.get_intro(request),
            "technical": self.technical,
            "exports": [
                (title, reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_export", args=[kind]))
                for kind, title in export.FORMATS.items()
            ],
            **self._views_context(request),
        }
        return super().changelist_view(request, context | (extra_context or {}))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row = self.get_object(request, unquote(object_id))
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return self.item_page(request, row)

    def must_view(self, request: HttpRequest) -> None:
        """Raises PermissionDenied for those who may not see these rows."""
        if not self.has_view_permission(request):
            raise PermissionDenied

    def item_page(self, request: HttpRequest, row: Model, **more: Any) -> HttpResponse:
        """The page of one row; `more` goes to its template."""
        context = {
            "opts": self.opts,
            "original": row,
            "back": list_of(self.model, request.GET.get("_changelist_filters", "")),  # as it was left
            "here": request.get_full_path() if request.method == "GET" else page_of(row),
            **self.item_context(request, row),
            **more,
        }
        return page(request, self.item_template, self.crumb(row), **context)

    def crumb(self, row: Model) -> str:
        """The row's name in the breadcrumbs."""
        return f"#{row.pk}"

    def item_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        return {}

    def post_path(self, route: str, view: Any, name: str) -> URLPattern:
        """A route of this model's pages; `view` is called only for those who may enter the console."""
        full = f"{self.opts.app_label}_{self.opts.model_name}_{name}"
        return path(route, self.admin_site.admin_view(view), name=full)


def posted(request: HttpRequest, name: str) -> str:
    """What a field of the form holds; without NUL, which PostgreSQL does not keep."""
    return request.POST.get(name, "").replace("\x00", "").strip()


def next_page(request: HttpRequest, otherwise: str) -> str:
    """Where the form asked to go on, if that is a page of ours."""
    address = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(address, allowed_hosts={request.get_host()})
    return address if address and is_ours else otherwise
