"""What the monitor's states share: hours, captures, a champion's baseline, labels, and when to train anew."""
