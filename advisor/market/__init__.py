"""What tokens and GPUs cost and how fast models run on them: dated tables and their look-up."""
