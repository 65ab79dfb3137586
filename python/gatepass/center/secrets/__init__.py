"""What must not be seen: secrets at rest, the envelope key, codes and passwords in memory."""
