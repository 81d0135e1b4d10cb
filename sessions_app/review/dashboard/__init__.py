"""The admin's first page: how the service is used, from aggregated figures alone.

`page` gathers and shows, `periods` says which days, `charts` draws.
"""
