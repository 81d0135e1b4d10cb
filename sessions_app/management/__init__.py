"""The operators' side: commands that parse, call a service and print.

`operator` is the base of every command: `--json`, progress, exit codes. `arguments` holds argument
types, `output` and `partial_file` the files that commands write, whole or continued over several
runs. `commands` holds one module per command.
"""
