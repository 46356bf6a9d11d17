"""What a recipient sees: its key, the file that a link leads to, and what it is to delete. From here no way leads to anything
else, and none from anywhere to here but the code of a letter, and signing in."""
