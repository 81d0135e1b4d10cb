"""Personal data of an account: found, exported, erased, and proven gone.

`people` finds the account that a command names, `personal_data` exports it, `erasure` removes it
with its sessions, `traces` looks for what is left in the accounts database.
"""
