"""What every entry point over HTTP shares: who is counted, how a body and a stream are written."""
