"""The service's own site, and two ways beside it to do the same: the least, and the naive one."""

BARE, NAIVE = "bare_sessions", "naive_sessions"  # collections
# What the bare list keeps: the service's tail has 64 to 128 messages, so the same in the mean.
KEPT = 96
PAGE = 50
