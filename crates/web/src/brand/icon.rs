//! The icons of an installed portal: the mark of the pages in the company's colour.

use std::io::Write;

use axum::body::Bytes;
use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};
use report::Accent;

use crate::error::PageError;

/// The line of the mark, in a square of 32 by 32, and how thick it is.
const LINE: [(f32, f32); 7] =
    [(5.0, 18.0), (10.0, 18.0), (13.0, 10.0), (18.0, 23.0), (21.0, 15.0), (22.5, 18.0), (27.0, 18.0)];
const LINE_WIDTH: f32 = 2.6;
const SQUARE: f32 = 32.0;
const CORNER: f32 = 8.0;
/// A mask may cut off all but the middle four fifths of an icon: the mark is drawn smaller there.
const MASKABLE_SCALE: f32 = 0.72;

/// The icons by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IconForm {
    Svg,
    Small,
    Large,
    Maskable,
}

impl IconForm {
    pub(crate) const ALL: [Self; 4] = [Self::Svg, Self::Small, Self::Large, Self::Maskable];

    pub(crate) fn file_name(self) -> &'static str {
        match self {
            Self::Svg => "icon.svg",
            Self::Small => "icon-192.png",
            Self::Large => "icon-512.png",
            Self::Maskable => "icon-maskable-512.png",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.file_name() == name)
    }

    pub(crate) fn media_type(self) -> &'static str {
        if self == Self::Svg { "image/svg+xml" } else { "image/png" }
    }

    pub(crate) fn sizes(self) -> &'static str {
        match self {
            Self::Svg => "any",
            Self::Small => "192x192",
            Self::Large | Self::Maskable => "512x512",
        }
    }

    pub(crate) fn draw(self, ground: Accent) -> Result<Bytes, PageError> {
        match self {
            Self::Svg => Ok(svg(ground).into()),
            Self::Small => png(ground, 192, false),
            Self::Large => png(ground, 512, false),
            Self::Maskable => png(ground, 512, true),
        }
    }
}

fn svg(ground: Accent) -> String {
    let line: Vec<String> = LINE.iter().map(|(x, y)| format!("{x} {y}")).collect();
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 32 32\"><rect width=\"32\" height=\"32\" rx=\"{CORNER}\" \
         fill=\"{ground}\"/><path d=\"M{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{LINE_WIDTH}\" \
         stroke-linecap=\"round\" stroke-linejoin=\"round\"/></svg>",
        line.join("L"),
        ground.text_on_it()
    )
}

/// The same in pixels, RGBA.
fn png(ground: Accent, side: u32, maskable: bool) -> Result<Bytes, PageError> {
    let unit = SQUARE / side as f32;
    let mut rows = Vec::with_capacity((side * (side * 4 + 1)) as usize);
    let ink = ground.text_on_it().rgb();
    for row in 0..side {
        // The filter of the row: none.
        rows.push(0);
        for column in 0..side {
            let (x, y) = ((column as f32 + 0.5) * unit, (row as f32 + 0.5) * unit);
            let alpha = if maskable { 1.0 } else { covered(outside_square(x, y), unit) };
            let scale = if maskable { MASKABLE_SCALE } else { 1.0 };
            let middle = |at: f32| (at - SQUARE / 2.0) / scale + SQUARE / 2.0;
            let share = covered(outside_line(middle(x), middle(y)) * scale, unit);
            let mix =
                |over: u8, under: u8| (f32::from(over) * share + f32::from(under) * (1.0 - share)).round();
            rows.extend(ink.iter().zip(ground.rgb()).map(|(over, under)| mix(*over, under) as u8));
            rows.push((alpha * 255.0).round() as u8);
        }
    }
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
    let packed = packed.write_all(&rows).and_then(|()| packed.finish());
    let packed =
        packed.map_err(|error| PageError::Internal(format!("an icon could not be packed: {error}")))?;
    // Eight bits for each of red, green, blue and alpha; the one way of packing, of filtering, and no interlacing.
    let header = [&side.to_be_bytes()[..], &side.to_be_bytes(), &[8, 6, 0, 0, 0]].concat();
    let chunks = [chunk(b"IHDR", &header), chunk(b"IDAT", &packed), chunk(b"IEND", &[])].concat();
    Ok([&b"\x89PNG\r\n\x1a\n"[..], &chunks].concat().into())
}

fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut sum = Crc::new();
    sum.update(name);
    sum.update(data);
    [&(data.len() as u32).to_be_bytes()[..], name, data, &sum.sum().to_be_bytes()].concat()
}

/// How much of a pixel is covered by what ends so far from its middle.
fn covered(outside: f32, unit: f32) -> f32 {
    (0.5 - outside / unit).clamp(0.0, 1.0)
}

/// How far a point lies outside the square with its round corners; negative inside.
fn outside_square(x: f32, y: f32) -> f32 {
    let past = |at: f32| (at - SQUARE / 2.0).abs() - (SQUARE / 2.0 - CORNER);
    let (right, down) = (past(x), past(y));
    right.max(0.0).hypot(down.max(0.0)) + right.max(down).min(0.0) - CORNER
}

/// The same for the line.
fn outside_line(x: f32, y: f32) -> f32 {
    let nearest = LINE.windows(2).map(|ends| {
        let [(ax, ay), (bx, by)] = [ends[0], ends[1]];
        let (along, across) = (bx - ax, by - ay);
        let share = ((x - ax) * along + (y - ay) * across) / (along * along + across * across);
        let share = share.clamp(0.0, 1.0);
        (x - ax - share * along).hypot(y - ay - share * across)
    });
    nearest.fold(f32::INFINITY, f32::min) - LINE_WIDTH / 2.0
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn an_icon_is_a_png_of_its_size_in_the_colour() {
        let ground: Accent = "#0f6e5c".parse().expect("a colour");
        for (form, side) in [(IconForm::Small, 192_usize), (IconForm::Maskable, 512)] {
            let png = form.draw(ground).expect("an icon");
            let number =
                |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().expect("4 bytes")) as usize;
            assert_eq!((number(16), number(20)), (side, side));
            let length = number(33);
            assert_eq!(&png[37..41], b"IDAT");
            let mut rows = Vec::new();
            flate2::read::ZlibDecoder::new(&png[41..41 + length])
                .read_to_end(&mut rows)
                .expect("packed rows");
            assert_eq!(rows.len(), side * (side * 4 + 1));
            let pixel = |x: usize, y: usize| {
                let at = y * (side * 4 + 1) + 1 + x * 4;
                [rows[at], rows[at + 1], rows[at + 2], rows[at + 3]]
            };
            let corner = if form == IconForm::Maskable { 255 } else { 0 };
            assert_eq!(pixel(0, 0)[3], corner, "the corner");
            assert_eq!(pixel(side / 2, side / 8), [0x0f, 0x6e, 0x5c, 255], "the ground");
            let (x, y) = (side * 36 / 100, side * 565 / 1000);
            assert!((0..side / 4).any(|by| pixel(x, y - by) == [255; 4]), "the line");
        }
    }
}
