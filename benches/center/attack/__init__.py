"""One client without a login tries to stop the Request Center; health is measured meanwhile."""
