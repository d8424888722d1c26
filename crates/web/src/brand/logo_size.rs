use store::LogoType;

/// Width and height of a logo in whatever unit it is drawn; `None` if it does not say.
pub(super) fn of(kind: LogoType, bytes: &[u8]) -> Option<(u32, u32)> {
    let (width, height) = match kind {
        LogoType::Png => {
            let number = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
            (number(16)?, number(20)?)
        }
        LogoType::Svg => svg(std::str::from_utf8(bytes).ok()?)?,
    };
    (width > 0 && height > 0).then_some((width, height))
}

/// From the view box, otherwise from width and height in a unit of any kind.
fn svg(text: &str) -> Option<(u32, u32)> {
    let tag = text.split("<svg").nth(1)?.split('>').next()?;
    if let Some(view) = attribute(tag, "viewBox") {
        let mut numbers = view.split([' ', ',']).filter(|number| !number.is_empty()).skip(2).map(rounded);
        return Some((numbers.next()??, numbers.next()??));
    }
    Some((rounded(attribute(tag, "width")?)?, rounded(attribute(tag, "height")?)?))
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let place = tag.match_indices(name).find(|(at, _)| {
        let (before, after) = (&tag[..*at], &tag[at + name.len()..]);
        before.ends_with(char::is_whitespace) && after.trim_start().starts_with('=')
    });
    let value = tag[place?.0 + name.len()..].trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|letter| "\"'".contains(*letter))?;
    value[1..].split(quote).next()
}

/// In hundredths, so that small drawings keep their shape; what follows the number is its unit.
fn rounded(text: &str) -> Option<u32> {
    let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
    let number: f64 = text[..end].parse().ok()?;
    Some((number * 100.0) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_is_read_from_the_file() {
        let svg = |text: &str| of(LogoType::Svg, text.as_bytes());
        assert_eq!(svg("<?xml?><svg viewBox=\"0 0 120.5 40\">"), Some((12_050, 4_000)));
        assert_eq!(svg("<svg\n  stroke-width='2' width='64px' height = '16'>"), Some((6_400, 1_600)));
        for none in
            ["", "<svg", "<svg>", "<svg viewBox='0 0 0 0'>", "<svg viewBox='a b c d'>", "<svg width=5>"]
        {
            assert_eq!(svg(none), None, "{none}");
        }
        let png = [&b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR"[..], &640_u32.to_be_bytes(), &200_u32.to_be_bytes()]
            .concat();
        assert_eq!(of(LogoType::Png, &png), Some((640, 200)));
        assert_eq!(of(LogoType::Png, &png[..20]), None);
    }
}
