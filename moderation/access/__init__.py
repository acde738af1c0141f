"""Who acts: people, keys and the machine; what a role may do."""
