"""Object pictures: renders of furniture, pictures, recipe, measuring."""
