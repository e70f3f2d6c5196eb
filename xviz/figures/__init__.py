"""From explanations to figures for paper, at a venue's exact size, with their origin inside."""
