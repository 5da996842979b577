"""Image tokens that outlive the call that computed them."""
