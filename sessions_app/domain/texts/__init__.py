"""What people write, as text: what may be stored, folded, shown and counted."""
