"""One module per `manage.py` command: each parses its options, calls a service, and prints."""
