"""The dashboard, the admin's first page: how the service is used, from aggregated figures alone.

`page` gathers the figures, `charts` draws them, `jobs` shows the upkeep by schedule, `periods`
parses dates of addresses.
"""
