use crate::StoreError;

/// What a person of a client may do in the portal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PortalRole {
    /// Looks, and says who else of the client may.
    Owner,
    /// Looks.
    Viewer,
}

impl PortalRole {
    /// `owner` or `viewer`, as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Viewer => "viewer",
        }
    }
}

impl std::str::FromStr for PortalRole {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        match text {
            "owner" => Ok(Self::Owner),
            "viewer" => Ok(Self::Viewer),
            other => Err(StoreError::Invalid { what: "role", why: format!("{other:?} is not one") }),
        }
    }
}

impl TryFrom<String> for PortalRole {
    type Error = StoreError;

    fn try_from(text: String) -> Result<Self, StoreError> {
        text.parse()
    }
}
