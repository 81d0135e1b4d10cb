"""Commands of operators: they parse flags, call a service and print."""
