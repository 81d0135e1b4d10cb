"""`GET /metrics` for Prometheus.

`view` answers it, `requests` is the middleware that counts requests, `labels` writes a route and a
method as series and the log name them; `gauges` are the values of the moment, `jobs` those of the
jobs by schedule.
"""
