"""Staff pages inside the Django admin: conversations, what is done with them, who read them."""
