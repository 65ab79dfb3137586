"""Where the Request Center keeps everything: tables, transactions, migrations."""
