"""What residents see. Each module is one subject: it parses, calls the rooms once, and answers."""
