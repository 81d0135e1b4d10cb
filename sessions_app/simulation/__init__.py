"""Simulated users: they replay dialogues over the HTTP API and check what the service stored.

They know the service by its wire contract alone and import nothing of it, so that they cannot
share its mistakes. `client` is one user; `crowd` runs many, each in a thread. `dialogues` reads the
files; `replay` writes one dialogue, reads it back and compares. `watched` keeps the windows and
topics of a dialogue, `transcript` prints them; `measurements` counts and `closing_table` shows the
totals. `own_service` starts a service for a run that names none.
"""
