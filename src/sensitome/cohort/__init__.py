"""Patients: association of miRNAs with mRNAs, with tumor stage and with survival."""
