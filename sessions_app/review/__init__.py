"""Staff's pages in the Django admin: conversations, actions, the read log, the dashboard."""
