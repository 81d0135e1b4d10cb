"""Every query and every atomic update, between MongoEngine's documents and the domain's data.

- `log`: the message log, which the other modules build on;
- `sessions`, `titles`, `summaries`, `annotations`, `holds`: parts of a session and what is derived;
- `turns`: leases and records of turns; `search`: the index of words;
- `erasure`, `expiry`, `review`, `records`, `audits`, `figures`: the services' queries;
- `belongings`: what is deleted together with a session;
- `failures`: MongoDB's errors as the domain's; `indexes`, `sharding`, `clocks`, `health`,
  `throttles`: the database itself.
"""
