"""What people read: plain data in, text out."""
