"""What sources print, compared with what is true."""
