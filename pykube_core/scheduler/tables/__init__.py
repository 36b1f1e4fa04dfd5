"""What decisions read besides the engine: names, selectors, nodes, pods, volumes, as numbers."""
