"""Entry points for operators: thin commands that parse, call a service and print."""
