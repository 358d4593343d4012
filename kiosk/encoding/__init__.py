"""Writing cards at the chapter's desk."""
