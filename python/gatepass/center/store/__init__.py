"""The Request Center's store: tables, transactions, migrations."""
