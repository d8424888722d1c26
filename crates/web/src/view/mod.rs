//! What the pages show, worked out from what is stored. Pure: no store, no clock.

pub(crate) mod alert;
pub(crate) mod bands;
pub(crate) mod board;
pub(crate) mod budget;
pub(crate) mod calendar;
pub(crate) mod card;
pub(crate) mod cover;
pub(crate) mod csv;
pub(crate) mod delivery;
pub(crate) mod figures;
pub(crate) mod gap;
pub(crate) mod lasted;
pub(crate) mod lately;
pub(crate) mod objective;
pub(crate) mod p95;
pub(crate) mod points;
pub(crate) mod range;
pub(crate) mod series;
pub(crate) mod spark;
pub(crate) mod state;
pub(crate) mod statement;
pub(crate) mod strip;
pub(crate) mod table;
pub(crate) mod timeline;
pub(crate) mod verdict;
pub(crate) mod wall;
