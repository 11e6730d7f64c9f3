"""The main job before the visitor's eyes: a sample city hall, mail that really comes by SMTP, people who answer."""
