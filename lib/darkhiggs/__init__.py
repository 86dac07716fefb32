"""Light dark Higgs, L_mu - L_tau gauge boson and scalar dark matter: rates and limits.

Pure functions of numbers and arrays in natural units (GeV^n, hbar = c = 1).
The modules are imported one by one, ``from darkhiggs import meson_decays``.
"""

__version__ = "0.1.0"
