"""The log: its lines, who asked for what, what MongoDB took long for, the id of each request."""
