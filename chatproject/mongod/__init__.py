"""The embedded MongoDB, for a machine without one.

`embedded` is the interface: it starts a `mongod` when the first process needs one and gives its
address to every later one. `binary` finds the program, `launch` makes one start, `replica_set`
makes it a set of one (transactions need that), `record` keeps its address in `DATA_DIR`, `keeper`
is its parent process and stops it when its last user has ended, `diagnosis` turns the log of a
failed start into one sentence.
"""
