"""Who calls us: one folder per webhook type. Pure: requests come in as values, messages go out as values."""
