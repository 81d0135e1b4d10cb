"""From measured costs and a stated load to nodes, disk, memory and money."""
