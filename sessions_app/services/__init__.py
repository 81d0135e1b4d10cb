"""The rules: what may happen to a session, in which order. No HTTP, no queries."""
