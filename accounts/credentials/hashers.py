"""How passwords are hashed."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class ServiceArgon2Hasher(Argon2PasswordHasher):
    """Argon2id with the memory OWASP's Password Storage Cheat Sheet asks for at least.

    19 MiB, two passes, one lane. Django's own 100 MiB and eight lanes take several times as long,
    and sixteen people who sign in at once would hold every core and 1.6 GB.
    """

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1
