"""What the notebooks of this project compute with: one module a stage, and what they stand on."""
