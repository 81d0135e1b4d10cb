"""Clients of the HTTP API, many at once, that replay dialogues and check what was kept of them.

They know the service by its wire contract alone and import nothing else of this project.
"""
