"""What load balancers and supervisors ask: whether the process is up, and what it can do."""
