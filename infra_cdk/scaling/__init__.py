"""A fleet that scales itself, where `[scaling]` asks for it."""
