"""What the next build would change for subscribers (`feeds diff`)."""
