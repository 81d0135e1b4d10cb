"""Four ways to keep a chat session, each as small as it can honestly be, behind one interface."""
