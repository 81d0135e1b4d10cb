"""The Django project: settings, routes, the connection to MongoDB, `manage.py serve`."""
