"""Service keys, and what an application reaches with them."""
