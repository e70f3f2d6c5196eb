"""What the recipes share: packages as sources, furniture, backgrounds, records, placement."""
