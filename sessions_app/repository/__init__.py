"""Every query and every atomic update, between MongoEngine's documents and the domain's data."""
