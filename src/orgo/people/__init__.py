"""Who works here: organizations, teams with their role addresses, users, roles, tokens, sign-in."""
