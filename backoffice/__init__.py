"""The office on the site's own box: what the kitchen manager and suppliers use."""
