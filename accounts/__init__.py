"""Accounts: users, registration, tokens, API keys, and the export and erasure of an account."""
