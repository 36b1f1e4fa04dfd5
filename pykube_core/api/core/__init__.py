"""The core group, "": pods and all that they stand on."""
