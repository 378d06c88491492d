"""Saving a list's filters under a name, and taking a saved view away."""

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext_lazy as _

from carinho.access.audit_log import Audited
from carinho.access.permissions import user_actor
from carinho.access.roles import SCOPE_NEEDS
from carinho.access.scopes import Scope
from carinho.console.models import SavedView

LONGEST_NAME = 40
LONGEST_QUERY = 1000
NOT_SAVED = ("q", "p", "_changelist_filters")  # what was searched may name a person

SHARED = Audited("view.share", _("guardou uma visão para todos"))
UNSHARED = Audited("view.unshare", _("tirou uma visão de todos"))


def of(request: HttpRequest, page: str) -> QuerySet[SavedView]:
    """The views of this list that the person may use."""
    return SavedView.objects.filter(Q(owner=request.user.pk) | Q(is_shared=True), page=page)


def may_share(request: HttpRequest) -> bool:
    return bool(request.user.has_perm(SCOPE_NEEDS[Scope.OPERATE]))


def query_of(text: str) -> str:
    """The filters of an address, in an order of their own; empty when there are none, or too many to keep."""
    given = QueryDict(text[:LONGEST_QUERY], mutable=True)
    for name in NOT_SAVED:
        given.pop(name, None)
    kept = QueryDict(mutable=True)
    for name in sorted(given):
        kept.setlist(name, given.getlist(name))
    query = kept.urlencode()
    return query if len(query) <= LONGEST_QUERY else ""


def save(request: HttpRequest, page: str, name: str, query: str, *, is_shared: bool) -> SavedView:
    """Save, in place of the person's own view of that name."""
    given: dict[str, Any] = {"query": query, "is_shared": is_shared and may_share(request)}
    view, _is_new = SavedView.objects.update_or_create(
        page=page, owner_id=request.user.pk, name=name[:LONGEST_NAME], defaults=given
    )
    if view.is_shared:
        SHARED.record(user_actor(request.user), page, {"view": view.pk})
    return view


def remove(request: HttpRequest, id: int) -> bool:
    """Take away a view of one's own, or a shared one where one may share. False when there is none such."""
    mine = Q(owner=request.user.pk) | (Q(is_shared=True) if may_share(request) else Q(pk__in=[]))
    view = SavedView.objects.filter(mine, pk=id).first()
    if view is None:
        return False
    if view.is_shared:
        UNSHARED.record(user_actor(request.user), view.page, {"view": view.pk})
    view.delete()
    return True
