"""What stands around a cell array: drivers, sense amplifiers, trans-impedance stages, converters, competition.

Each kind is a frozen class of parameters, all ideal by default, and, where copies differ, a frozen dataclass of what
was drawn for the copies of one chip, with one method that acts. Random numbers come in from outside.
"""
