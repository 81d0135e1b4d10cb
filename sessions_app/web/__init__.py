"""The chat page: its view, its service worker, its static files."""
