"""Who may enter, call and send, how often, and who did what."""
