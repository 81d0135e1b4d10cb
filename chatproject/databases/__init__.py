"""How the two databases are reached: MongoDB, embedded or not, and the accounts' own."""
