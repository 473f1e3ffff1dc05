//! A seeded simulated world for sans-IO machines.
