"""Arrays in, decisions out: plates, dishes, portions and faces."""

import os

# Idle workers of numpy's BLAS spin and take the core that the networks need: a face
# then costs 120 ms instead of 80 on two cores. Our products are small: one thread.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
