"""Models without tables: the admin needs names for permissions and for its history."""

from typing import ClassVar

from django.db import models


class Conversation(models.Model):
    """A session, as permissions and the admin's list of recent actions name it."""

    session_id = models.CharField(primary_key=True, max_length=36)

    class Meta:
        managed = False  # sessions are in MongoDB
        default_permissions = ()
        permissions: ClassVar = [
            ("view_conversation", "Can read conversations, with a reason that is logged"),
            ("review_conversation", "Can flag, note, resolve, archive and restore conversations"),
            ("hold_conversation", "Can place conversations under legal hold, and lift it"),
            ("export_conversation", "Can export conversations"),
            ("delete_conversation", "Can delete conversations"),
            ("unmask_conversation", "Can see addresses and numbers that are masked"),
        ]

    def __str__(self) -> str:
        return self.session_id


class ReadLog(models.Model):
    """The read log, as permissions name it."""

    line_id = models.CharField(primary_key=True, max_length=36)

    class Meta:
        managed = False  # the log is in MongoDB
        default_permissions = ("view",)  # there is no permission to change it
        verbose_name = "line of the read log"
        verbose_name_plural = "read log"

    def __str__(self) -> str:
        return self.line_id
