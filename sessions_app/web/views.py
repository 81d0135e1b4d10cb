"""The page at the root."""

from django.views.generic import TemplateView


class StartView(TemplateView):
    """Says what runs here and where its parts are."""

    template_name = "web/start.html"
