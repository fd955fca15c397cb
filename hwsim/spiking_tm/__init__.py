"""The native spiking temporal memory: prediction and learning as dynamics of neurons and synapses.

Source: Bouhadjar, Wouters, Diesmann, Tetzlaff 2022 (PLoS Comput Biol 18(6):e1010233, arXiv 2111.03456).
Brian2 integrates it, in compiled C++ where there is a compiler; it is imported on first use only.
"""
