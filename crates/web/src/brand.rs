//! What a company looks like on the pages: its name, its colour in both schemes, its logo.

mod icon;
mod logo_size;

use std::sync::{Arc, OnceLock};

use axum::body::Bytes;
use report::{Accent, Tones};
use sha2::{Digest, Sha256};
use store::{Company, DataVersion, LogoType};

use crate::app::App;
use crate::error::PageError;

pub(crate) use icon::IconForm;

/// The grounds of `tokens.css`, the panels' first; a test holds them together.
const LIGHT: [&str; 3] = ["#ffffff", "#f4f6f7", "#f7f9fa"];
const DARK: [&str; 3] = ["#162027", "#0e151a", "#1b262e"];
/// What the portal is called as long as nobody knows whose customer looks at it.
const NOBODYS_NAME: &str = "Client portal";
/// Hex digits of a digest in an address.
const DIGEST_DIGITS: usize = 12;
/// Logos are shown this high, and at most so wide; pixels.
const LOGO_HEIGHT: u32 = 32;
const LOGO_WIDTH_MAX: u32 = 168;
/// A logo that is wider than so many hundredths of its height has the company's name in it.
const WORDMARK_PERCENT: u32 = 220;

/// A company's look, or nobody's.
#[derive(Debug)]
pub(crate) struct Brand {
    pub(crate) name: String,
    /// The colour that the company chose; `None`: the pages' own.
    accent: Option<Accent>,
    pub(crate) sheet: Sheet,
    pub(crate) logo: Option<PageLogo>,
    icons: [OnceLock<Bytes>; IconForm::ALL.len()],
}

/// The style sheet with the company's colours.
#[derive(Debug)]
pub(crate) struct Sheet {
    pub(crate) text: String,
    pub(crate) digest: String,
}

/// A logo as the pages show it.
#[derive(Debug)]
pub(crate) struct PageLogo {
    pub(crate) kind: LogoType,
    pub(crate) bytes: Bytes,
    pub(crate) digest: String,
    /// As it is shown, pixels.
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// The name is in the picture: it is not written beside it.
    pub(crate) is_wordmark: bool,
}

impl Brand {
    /// A company's, as of `version`.
    pub(crate) async fn of(
        app: &App,
        version: &DataVersion,
        company: &Company,
    ) -> Result<Arc<Self>, PageError> {
        let read = async || {
            let logo = app.store.company_logo(company.id).await?;
            let logo = logo.and_then(|logo| {
                // What the statements leave out is left out here as well.
                let checked = report::Logo::new(logo.bytes, logo.kind.as_str());
                checked
                    .inspect_err(|error| tracing::warn!(company = %company.id, %error, "logo left out"))
                    .map(|checked| PageLogo::new(logo.kind, checked.into_bytes()))
                    .ok()
            });
            let accent = company.accent.as_deref().and_then(|text| text.parse().ok());
            Ok::<_, PageError>(Self::new(company.name.clone(), accent, logo))
        };
        app.brands.get(version, company.id, read).await
    }

    /// For pages before the login: that of the only company. With several, nobody knows yet whose customer this is.
    pub(crate) async fn before_login(app: &App) -> Result<(Arc<Self>, Option<Company>), PageError> {
        let version = app.store.data_version().await?;
        let mut companies = app.store.companies().await?;
        match (companies.pop(), companies.is_empty()) {
            (Some(company), true) => Ok((Self::of(app, &version, &company).await?, Some(company))),
            _ => Ok((Arc::new(Self::new(NOBODYS_NAME.to_owned(), None, None)), None)),
        }
    }

    fn new(name: String, accent: Option<Accent>, logo: Option<PageLogo>) -> Self {
        let text = accent.map(sheet).unwrap_or_default();
        let sheet = Sheet { digest: digest(text.as_bytes()), text };
        Self { name, accent, sheet, logo, icons: Default::default() }
    }

    /// The first letter of the name, for the mark where there is no logo.
    pub(crate) fn initial(&self) -> String {
        self.name.chars().next().unwrap_or('L').to_uppercase().collect()
    }

    /// The colour for icons and the frame of an installed portal.
    pub(crate) fn accent(&self) -> Accent {
        self.accent.unwrap_or_else(|| Accent::of_brand(None))
    }

    /// Where the style sheet is served; `None`: the pages' own colours stand.
    pub(crate) fn sheet_url(&self) -> Option<String> {
        self.accent.map(|_| format!("/client/brand.css?v={}", self.sheet.digest))
    }

    /// Where an icon of that name is served.
    pub(crate) fn icon_url(&self, name: &str) -> String {
        format!("/client/brand/{name}?v={}", self.icon_digest())
    }

    /// The icons show the colour alone.
    pub(crate) fn icon_digest(&self) -> String {
        digest(self.accent().to_string().as_bytes())
    }

    /// A digest of this look together with something else.
    pub(crate) fn digest_with(&self, other: &str) -> String {
        let logo = self.logo.as_ref().map_or("", |logo| &logo.digest);
        digest([&self.sheet.digest, logo, &self.name, other].join("\n").as_bytes())
    }

    /// An icon, drawn when it is first asked for.
    pub(crate) fn icon(&self, form: IconForm) -> Result<Bytes, PageError> {
        let cell = &self.icons[form as usize];
        if let Some(drawn) = cell.get() {
            return Ok(drawn.clone());
        }
        let drawn = form.draw(self.accent())?;
        Ok(cell.get_or_init(|| drawn).clone())
    }
}

impl PageLogo {
    fn new(kind: LogoType, bytes: Vec<u8>) -> Self {
        let (wide, high) = logo_size::of(kind, &bytes).unwrap_or((LOGO_HEIGHT, LOGO_HEIGHT));
        let percent = (u64::from(wide) * 100 / u64::from(high.max(1))).min(10_000) as u32;
        let width = (LOGO_HEIGHT * percent / 100).clamp(8, LOGO_WIDTH_MAX);
        Self {
            kind,
            digest: digest(&bytes),
            bytes: bytes.into(),
            width,
            height: LOGO_HEIGHT,
            is_wordmark: percent >= WORDMARK_PERCENT,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("/client/brand/logo?v={}", self.digest)
    }
}

/// The colours of `tokens.css` that are a company's to choose. State and measurements keep theirs.
fn sheet(accent: Accent) -> String {
    let grounds = |texts: [&str; 3]| texts.map(|text| Accent::of_brand(Some(text)));
    let tones = |grounds| {
        let Tones { accent: text, ink, soft } = accent.tones_on(&grounds);
        format!("--accent:{text};--accent-ink:{ink};--accent-soft:{soft};--art:{}", accent.as_text())
    };
    let (light, dark) = (tones(grounds(LIGHT)), tones(grounds(DARK)));
    format!(
        ":root,.theme-light{{{light}}}.theme-dark{{{dark}}}@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}"
    )
}

fn digest(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().take(DIGEST_DIGITS / 2).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The contrast is reckoned against these grounds: another ground in the style sheet needs another reckoning.
    #[test]
    fn the_grounds_are_those_of_the_pages() {
        let tokens = include_str!("../assets/src/tokens.css");
        let (light, dark) = tokens.split_once("prefers-color-scheme: dark").expect("two schemes");
        for (scheme, [panel, ground, soft]) in [(light, LIGHT), (dark, DARK)] {
            for (name, colour) in [("panel", panel), ("ground", ground), ("panel-soft", soft)] {
                assert!(scheme.contains(&format!("--{name}: {colour};")), "--{name} is not {colour}");
            }
        }
    }

    #[test]
    fn a_sheet_holds_nothing_but_colours() {
        let text = sheet("#ffee00".parse().expect("a colour"));
        assert!(text.starts_with(":root,.theme-light{--accent:#"), "{text}");
        assert_eq!(text.matches('{').count(), text.matches('}').count());
        assert!(!text.contains("url") && !text.contains('<'));
    }

    #[test]
    fn a_wide_logo_is_the_name() {
        let svg = |size: &str| format!("<svg xmlns='http://www.w3.org/2000/svg' {size}/>").into_bytes();
        let shown = |size| {
            let logo = PageLogo::new(LogoType::Svg, svg(size));
            (logo.width, logo.height, logo.is_wordmark)
        };
        assert_eq!(shown("viewBox='0 0 400 100'"), (128, 32, true));
        assert_eq!(shown("viewBox='0 0 64 64'"), (32, 32, false));
        assert_eq!(shown("viewBox='0 0 9999 1'"), (LOGO_WIDTH_MAX, 32, true));
        assert_eq!(shown(""), (32, 32, false));
    }
}
