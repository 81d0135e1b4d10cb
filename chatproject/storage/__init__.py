"""`DATA_DIR`: who may read it, how full its disk is, the locks and the secrets in it."""
