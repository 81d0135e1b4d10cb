"""Where imports come from: files of other programs, and their databases. Nothing is written."""
