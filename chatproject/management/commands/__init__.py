"""Only `serve`: the others belong to the app whose work they do."""
