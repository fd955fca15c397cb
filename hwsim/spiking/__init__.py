"""Spiking neurons that settle a crossbar's competition."""
