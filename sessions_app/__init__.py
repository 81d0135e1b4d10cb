"""Multi-turn chat sessions: state, context windows and topics, stored in MongoDB."""
