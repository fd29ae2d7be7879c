"""Announced operations, the tables that announce their touches, the drivers that resume tasks."""
