"""Every query and every atomic update, between MongoEngine's documents and the domain's data.

A function here asks a queryset (`Session.objects.owned_by(user_id).active()`), and answers with the
domain's data. A write is one guarded update whose result is checked: a queryset says the guard,
`update_one` or `modify` the change, and "matched nothing" means that another was first. What is
read by the hundred comes `.as_pymongo()`, as dictionaries. Past the querysets lies the driver's
`documents.collection`; each use says why beside it, and docs/decisions/0024 has the figures.
Errors of MongoDB and MongoEngine become the domain's in `failures`.

- `log`: the message log, which everything else rests on: append, tail, buckets, pages
- `sessions`: sessions as wholes, pages of them, and what belongs to one; `transactions`
- `turns`: leases and records of model calls
- `annotations`, `search`: derived from messages, made again when it is missing, or cannot be read
  (`derived`)
- `expiry`, `erasure`, `belongings`: how sessions end, and what goes with them
- `records`: exports and imports; `audits`: integrity; `figures`: over all sessions; `review`: staff
- `jobs`: leases and history of upkeep by schedule
- `throttles`: rate limits; `indexes`, `sharding`, `clocks`, `health`: the database itself
"""
