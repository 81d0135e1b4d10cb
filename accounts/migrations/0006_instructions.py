"""What a user wants models to know in every chat."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_email_confirmed"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="instructions",
            field=models.TextField(blank=True, db_default="", default="", max_length=4000),
        ),
    ]
