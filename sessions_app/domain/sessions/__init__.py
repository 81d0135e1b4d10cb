"""A session as a whole: its ids and name, its title, its life, and the branches in it."""
