"""From measurements to a device: parameters with confidence intervals, for the fast models of `devices`."""
