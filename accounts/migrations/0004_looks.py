"""How usernames look."""

from typing import Any

import django.contrib.auth.validators
from django.db import migrations, models

import accounts.usernames


def fill(apps: Any, _: Any) -> None:
    users = apps.get_model("accounts", "User").objects
    for user in users.only("username").iterator():
        users.filter(pk=user.pk).update(username_look=accounts.usernames.look(user.username))


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_sign_ins"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="username_look",
            field=models.CharField(db_index=True, default="", editable=False, max_length=32),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="user",
            name="username",
            field=models.CharField(
                error_messages={"unique": "A user with that username already exists."},
                help_text="150 characters or fewer: letters, digits and @ . + - _",
                max_length=150,
                unique=True,
                validators=[
                    django.contrib.auth.validators.UnicodeUsernameValidator(),
                    accounts.usernames.visible_letters,
                    accounts.usernames.one_script_a_word,
                ],
            ),
        ),
    ]
