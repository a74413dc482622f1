"""What on this machine can contaminate a shell or an environment: one small object per check."""
