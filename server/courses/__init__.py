"""Which courses a society asks for, and who has taken which."""
