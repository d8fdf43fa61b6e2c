"""The repository's queries; nothing else in this package speaks SQL."""
