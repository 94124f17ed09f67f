"""From feature tables to predictions of emotion."""
