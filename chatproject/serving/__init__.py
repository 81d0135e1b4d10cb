"""`manage.py serve`, from the first check to the last process stopped.

`supervisor` starts everything in order and stops it again; `server` runs granian in a
child process; `worker` is what each of its processes loads; `gateway` hands requests to Django's
threads and keeps event streams on the loop; `parent_death` ends a child whose parent has died.
"""
