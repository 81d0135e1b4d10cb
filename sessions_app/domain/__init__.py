"""What the project knows: pure rules over plain data. Standard library and numpy only."""
