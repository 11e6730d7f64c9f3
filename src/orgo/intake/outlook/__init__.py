"""Outlook's own files: .pst and .ost archives, .msg messages. Their items become mails as they would have come by SMTP."""
