"""What the pages of reports share: one frame, one style, tables, charts and small pictures."""
