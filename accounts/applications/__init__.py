"""Applications with users of their own, by service keys.

`views` are the routes over an application's users, `schema` describes them, `erasing` erases one
with a proof, `admin` is where staff make keys. `credentials.service_keys` has the keys themselves.
"""
