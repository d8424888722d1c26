use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, sqlx::Type)]
        #[serde(transparent)]
        #[sqlx(transparent)]
        pub struct $name(pub i64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// The row of a [`Company`](crate::Company).
    CompanyId
);
id!(
    /// The row of a [`Client`](crate::Client).
    ClientId
);
id!(
    /// The row of a [`PortalUser`](crate::PortalUser).
    PortalUserId
);
id!(
    /// The row of a [`StaffUser`](crate::StaffUser).
    StaffUserId
);
id!(
    /// The row of a [`Router`](crate::Router).
    RouterId
);
id!(
    /// The row of a [`Link`](crate::Link).
    LinkId
);
id!(
    /// The row of an [`Outage`](crate::Outage); it survives extending, closing and re-dating.
    OutageId
);
id!(
    /// The row of a [`LinkExclusion`](crate::LinkExclusion).
    ExclusionId
);
id!(
    /// The row of an [`SlaReport`](crate::SlaReport).
    ReportId
);
id!(
    /// The row of an [`OutboxMail`](crate::OutboxMail).
    OutboxId
);
id!(
    /// The row of a [`Session`](crate::Session): a name that opens nothing.
    SessionId
);
id!(
    /// The row of an [`Alert`](crate::Alert).
    AlertId
);
id!(
    /// The row of a [`Webhook`](crate::Webhook).
    WebhookId
);
