//! Leaseline: customer portal and SLA ledger of an ISP.
fn main() {}
