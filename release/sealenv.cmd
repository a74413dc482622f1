@rem sealenv without an installation: this folder may lie anywhere, and be moved.
@"%~dp0python\python.exe" -I -m sealenv %*
