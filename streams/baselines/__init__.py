"""What a count should be: past weeks let expect something, and a count is surprising or not."""
