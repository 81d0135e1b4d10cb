"""What runs in the environment of openai-agents, beside that package's own tests."""
