"""Jobs by schedule."""
