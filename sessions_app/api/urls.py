"""The session routes. Trailing slashes are optional."""

from django.urls import URLPattern, re_path

from sessions_app.api.attachments import AttachmentViewSet
from sessions_app.api.branches import BranchViewSet
from sessions_app.api.chat import ChatViewSet
from sessions_app.api.context import ContextViewSet
from sessions_app.api.erasure import ErasureViewSet
from sessions_app.api.exports import ExportView
from sessions_app.api.feedback import FeedbackViewSet
from sessions_app.api.imports import ImportViewSet
from sessions_app.api.messages import MessageViewSet
from sessions_app.api.search import SearchView
from sessions_app.api.sessions import SessionViewSet

_SESSION = r"^session/(?P<session_id>[^/]+)"
_ATTACHMENT = r"^attachments/(?P<attachment_id>[^/]+)"

urlpatterns: list[URLPattern] = [
    re_path(r"^session/?$", SessionViewSet.as_view({"get": "list", "delete": "destroy_many"})),
    re_path(r"^session/create/?$", SessionViewSet.as_view({"post": "create"})),
    re_path(r"^session/search/?$", SearchView.as_view()),
    re_path(r"^session/import/?$", ImportViewSet.as_view({"post": "start"})),
    re_path(
        r"^session/import/(?P<import_id>[^/]+)/?$",
        ImportViewSet.as_view({"get": "retrieve"}),
    ),
    re_path(r"^session/count/?$", SessionViewSet.as_view({"get": "count"})),
    re_path(r"^session/delete/?$", SessionViewSet.as_view({"post": "delete_chosen"})),
    re_path(r"^session/archive/?$", SessionViewSet.as_view({"post": "archive_many"})),
    re_path(
        rf"{_SESSION}/?$",
        SessionViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
    ),
    re_path(rf"{_SESSION}/message/?$", MessageViewSet.as_view({"post": "append"})),
    re_path(
        rf"{_SESSION}/messages/?$", MessageViewSet.as_view({"get": "list", "post": "append_batch"})
    ),
    re_path(
        rf"{_SESSION}/messages/(?P<seq>[^/]+)/?$", ErasureViewSet.as_view({"delete": "destroy"})
    ),
    re_path(
        rf"{_SESSION}/messages/(?P<seq>[^/]+)/current/?$",
        BranchViewSet.as_view({"put": "make_current"}),
    ),
    re_path(
        rf"{_SESSION}/messages/(?P<seq>[^/]+)/feedback/?$",
        FeedbackViewSet.as_view({"put": "give", "delete": "take_back"}),
    ),
    re_path(rf"{_SESSION}/attachments/?$", AttachmentViewSet.as_view({"post": "upload"})),
    re_path(rf"{_ATTACHMENT}/?$", AttachmentViewSet.as_view({"get": "retrieve"})),
    re_path(rf"{_ATTACHMENT}/facts/?$", AttachmentViewSet.as_view({"get": "facts"})),
    re_path(rf"{_ATTACHMENT}/thumbnail/?$", AttachmentViewSet.as_view({"get": "thumbnail"})),
    re_path(rf"{_SESSION}/context/?$", ContextViewSet.as_view({"get": "retrieve"})),
    re_path(rf"{_SESSION}/context/reset/?$", ContextViewSet.as_view({"post": "reset"})),
    re_path(rf"{_SESSION}/topics/?$", ContextViewSet.as_view({"get": "topics"})),
    re_path(rf"{_SESSION}/chat/?$", ChatViewSet.as_view({"post": "create"})),
    re_path(rf"{_SESSION}/chat/stream/?$", ChatViewSet.as_view({"get": "stream"})),
    re_path(rf"{_SESSION}/chat/cancel/?$", ChatViewSet.as_view({"post": "cancel"})),
    re_path(rf"{_SESSION}/chat/regenerate/?$", ChatViewSet.as_view({"post": "regenerate"})),
    re_path(rf"{_SESSION}/fork/?$", SessionViewSet.as_view({"post": "fork"})),
    re_path(rf"{_SESSION}/archive/?$", SessionViewSet.as_view({"post": "archive"})),
    re_path(rf"{_SESSION}/restore/?$", SessionViewSet.as_view({"post": "restore"})),
    re_path(rf"{_SESSION}/export/?$", ExportView.as_view()),
]
