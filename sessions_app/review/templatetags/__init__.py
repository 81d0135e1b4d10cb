"""What the templates of the staff pages say in words."""
