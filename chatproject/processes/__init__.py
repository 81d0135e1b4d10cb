"""What a process asks of the system: more open files, and to end with its parent."""
