"""`manage.py serve`, from the first check to the last process stopped.

`supervisor` starts everything in order and stops it again, `preparation` makes tables, indexes and
the first account; `server` runs granian in a child process, within `watchdog`, which looks after
granian's workers; `worker` is what each of them loads; `liveness` tells the watchdog that a worker
is well, over the `pulse` that they share; `counters` are the files in which workers count;
`scheduler` runs the process of the jobs; `gateway` hands requests to Django's threads and keeps
event streams on the loop.
"""
