"""How fast the Request Center is: generating, the status API, the list of sessions."""
