"""The site: settings, routes, the connection to MongoDB, and the embedded service."""
