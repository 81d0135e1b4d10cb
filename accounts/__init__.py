"""Who is asking: users, registration, tokens, and erasing oneself."""
