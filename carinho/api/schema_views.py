"""The OpenAPI document, and a page that shows it without leaving the host."""

from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from carinho.access.permissions import MayUseThePath
from carinho.api.views import ApiView


class Schema(ApiView, SpectacularAPIView):
    """OpenAPI 3.1, as JSON."""

    query_names = ("format", "lang")
    renderer_classes = [OpenApiJsonRenderer]
    permission_classes = [MayUseThePath]


class Docs(ApiView, SpectacularSwaggerSplitView):
    """The document as a page to read and try."""

    query_names = ("script", "lang")
    permission_classes = [MayUseThePath]
    url_name = "schema"
