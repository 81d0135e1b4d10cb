"""Applications with their service keys, and keys that require a session."""

import django.db.models.deletion
from django.db import migrations, models

import accounts.models
import sessions_app.clock


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_instructions"),
    ]

    operations = [
        migrations.AddField(
            model_name="apikey",
            name="require_session",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.CreateModel(
            name="Application",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accounts.models.new_user_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("name", models.CharField(max_length=100, unique=True)),
                (
                    "is_active",
                    models.BooleanField(
                        default=True, help_text="Keys of an inactive application are refused."
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(default=sessions_app.clock.now, editable=False),
                ),
                (
                    "requests_a_minute",
                    models.PositiveIntegerField(
                        default=0, help_text="0: as THROTTLE_APPLICATION says."
                    ),
                ),
                ("sessions", models.PositiveBigIntegerField(default=0)),
                ("messages_a_day", models.PositiveBigIntegerField(default=0)),
                ("tokens_a_day", models.PositiveBigIntegerField(default=0)),
                ("bytes", models.PositiveBigIntegerField(default=0)),
                ("user_sessions", models.PositiveBigIntegerField(default=0)),
                ("user_messages_a_day", models.PositiveBigIntegerField(default=0)),
                ("user_tokens_a_day", models.PositiveBigIntegerField(default=0)),
                ("user_bytes", models.PositiveBigIntegerField(default=0)),
            ],
            options={
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="ServiceKey",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accounts.models.new_user_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                ("shown", models.CharField(editable=False, max_length=16)),
                ("digest", models.CharField(editable=False, max_length=64, unique=True)),
                ("scopes", models.JSONField(default=list)),
                (
                    "require_session",
                    models.BooleanField(
                        default=False, help_text="Refuse model calls that name no session."
                    ),
                ),
                ("created_at", models.DateTimeField(editable=False)),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("revoked_at", models.DateTimeField(editable=False, null=True)),
                ("last_used_at", models.DateTimeField(editable=False, null=True)),
                (
                    "application",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="keys",
                        to="accounts.application",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
            },
        ),
    ]
