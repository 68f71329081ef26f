"""What people read of plans and runs. Everything here returns; printing is `console`'s."""
