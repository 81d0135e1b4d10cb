"""Three shapes in which MongoDB can hold a conversation, with the same four questions to each."""
