/// A RouterOS release whose way of speaking the API a simulated router imitates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// 6.42: login by MD5 challenge, dates as `nov/23/2026`, whole-millisecond pings.
    V6_42,
    /// 6.49: password login, the rest as in 6.42.
    V6_49,
    /// 7.4: microsecond pings, still old dates.
    V7_4,
    /// 7.12: ISO dates.
    V7_12,
    /// 7.18: `!empty` before the `!done` of a command that has nothing to say.
    V7_18,
}

impl Dialect {
    /// Every dialect, oldest first.
    pub const ALL: [Self; 5] = [Self::V6_42, Self::V6_49, Self::V7_4, Self::V7_12, Self::V7_18];

    /// What `/system/resource/print` shows as `version`.
    pub fn version(self) -> &'static str {
        match self {
            Self::V6_42 => "6.42.12 (long-term)",
            Self::V6_49 => "6.49.18 (long-term)",
            Self::V7_4 => "7.4 (stable)",
            Self::V7_12 => "7.12.2 (stable)",
            Self::V7_18 => "7.18.2 (stable)",
        }
    }

    /// What `/system/resource/print` shows as `build-time`.
    pub(crate) fn build_time(self) -> &'static str {
        match self {
            Self::V6_42 => "Feb/12/2019 08:17:32",
            Self::V6_49 => "Feb/07/2025 08:17:46",
            Self::V7_4 => "Jul/19/2022 11:25:54",
            Self::V7_12 => "2023-12-20 08:43:17",
            Self::V7_18 => "2025-03-11 11:59:04",
        }
    }

    /// Before 6.43 the password never crossed the wire: the router sent a challenge first.
    pub(crate) fn login_by_challenge(self) -> bool {
        self == Self::V6_42
    }

    /// `yyyy-mm-dd` from 7.10 on, `mmm/dd/yyyy` before.
    pub(crate) fn iso_dates(self) -> bool {
        matches!(self, Self::V7_12 | Self::V7_18)
    }

    /// RouterOS 7 measures round trips in microseconds, 6 in whole milliseconds.
    pub(crate) fn microsecond_pings(self) -> bool {
        self.is_v7()
    }

    /// From 7.18 on, a command without data is answered by `!empty` first.
    pub(crate) fn sends_empty(self) -> bool {
        self == Self::V7_18
    }

    pub(crate) fn is_v7(self) -> bool {
        matches!(self, Self::V7_4 | Self::V7_12 | Self::V7_18)
    }
}

impl std::str::FromStr for Dialect {
    type Err = UnknownDialect;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "6.42" => Ok(Self::V6_42),
            "6.49" => Ok(Self::V6_49),
            "7.4" => Ok(Self::V7_4),
            "7.12" => Ok(Self::V7_12),
            "7.18" => Ok(Self::V7_18),
            _ => Err(UnknownDialect(text.to_owned())),
        }
    }
}

/// A release that is not imitated.
#[derive(Debug, thiserror::Error)]
#[error("no dialect for RouterOS {0:?}: use 6.42, 6.49, 7.4, 7.12 or 7.18")]
pub struct UnknownDialect(String);
