use report::{Document, Logo, pdf, pdf_with_notes};

use crate::fixtures::{Case, HOUR_MS};
use crate::{cases, fixtures, poppler};

fn made(case: &Case) -> Vec<u8> {
    pdf(&case.document()).unwrap_or_else(|error| panic!("{}: {error}", case.name))
}

fn text(case: &Case) -> String {
    poppler::text(case.name, &made(case))
}

#[test]
fn every_kind_fits_on_three_pages_is_tagged_and_carries_its_fonts() {
    for case in cases::all() {
        let pdf = made(&case);
        let pages: usize = poppler::info(case.name, &pdf, "Pages").parse().expect("a number");
        assert!((1..=3).contains(&pages), "{}: {pages} pages", case.name);
        assert_eq!(poppler::info(case.name, &pdf, "Tagged"), "yes", "{}", case.name);
        assert!(poppler::info(case.name, &pdf, "Page size").contains("A4"), "{}", case.name);
        for font in poppler::fonts(case.name, &pdf) {
            let columns: Vec<&str> = font.split_whitespace().rev().collect();
            // From the right: object id (two words), Unicode map, subset, embedded.
            assert_eq!(columns[2..5], ["yes", "yes", "yes"], "{}: {font}", case.name);
        }
        let text = poppler::text(case.name, &pdf);
        assert!(text.replace(' ', "").contains(&format!("1/{pages}")), "{}: no page number", case.name);
        assert!(text.contains(&case.digest), "{}: no digest to copy", case.name);
    }
}

#[test]
fn figures_are_text_as_they_are_on_pages() {
    let text = text(&cases::breached());
    for figure in [
        "Breach",
        "99.455 %",
        "at least 99.50 %",
        "19 m 57 s",
        "3 h 42 m 54 s",
        "Sahyadri Precision Works",
        "ILL-PUN-0042",
        "October 2026",
        "Asia/Kolkata, UTC+05:30",
        "9 Oct 2026, 10:05:31",
        "credit of ₹ 12,500 agreed",
        "after the fact",
        "asha.kulkarni",
        "committed 100 Mbit/s",
        "Uptime 99.45 % against 99.50 %",
    ] {
        assert!(text.contains(figure), "{figure} is missing in: {text}");
    }
}

#[test]
fn a_name_in_devanagari_can_be_read_and_searched() {
    let text = text(&cases::devanagari());
    for word in ["दख्खन", "चाकण", "पुणे", "१४"] {
        assert!(text.contains(word), "{word} is missing in: {text}");
    }
}

#[test]
fn names_in_the_scripts_of_india_arabic_hebrew_thai_and_emoji_are_printed_with_their_fonts() {
    let case = cases::scripts();
    let made = pdf_with_notes(&case.document()).expect("a statement");
    assert_eq!(made.notes, []);
    let fonts = poppler::fonts(case.name, &made.bytes).join("\n");
    for family in [
        "Sans-",
        "SansTamil",
        "SansTelugu",
        "SansKannada",
        "SansMalayalam",
        "SansBengali",
        "SansGujarati",
        "SansGurmukhi",
        "SansOriya",
        "SansArabic",
        "SansHebrew",
        "SansThai",
        "Emoji",
    ] {
        assert!(fonts.contains(&format!("Noto{family}")), "Noto{family} is missing in: {fonts}");
    }
    let text = poppler::text(case.name, &made.bytes);
    assert!(!text.contains('\u{fffd}') && text.contains("தமிழ்"), "{text}");
}

#[test]
fn a_character_that_no_font_has_is_replaced_and_named() {
    let mut case = cases::met();
    case.facts.client = "東海 Ltd".to_owned();
    let made = pdf_with_notes(&case.document()).expect("a statement");
    let [note] = &made.notes[..] else { panic!("{:?}", made.notes) };
    assert!(note.to_string().starts_with("no font has glyphs for 東 (U+6771), 海 (U+6D77): "), "{note}");
    assert!(poppler::text(case.name, &made.bytes).contains("\u{fffd} Ltd"));
    assert_eq!(report::unprintable("東 Ltd"), ['東']);
}

/// A process of its own: fonts are looked for once.
#[test]
fn a_font_that_is_found_prints_what_those_in_the_program_lack() {
    report::find_more_fonts(|| {
        let bytes = include_bytes!("../fonts/NotoSansSC-Regular-six-characters.otf");
        vec![Box::new(|| None), Box::new(|| Some(bytes.to_vec()))]
    });
    let mut case = cases::met();
    case.facts.client = "北京网络公司 Ltd".to_owned();
    let made = pdf_with_notes(&case.document()).expect("a statement");
    assert_eq!(made.notes, []);
    assert!(poppler::text(case.name, &made.bytes).contains("北京网络公司"));
    assert_eq!(report::unprintable("北海"), ['海']);
}

/// Of a letter and an accent of another script, no font has both: the rest is printed all the same.
#[test]
fn a_cluster_of_which_no_font_has_all_does_not_cost_the_statement() {
    let mut case = cases::met();
    case.facts.client = "த\u{301}\u{5b0} 1\u{20e3} \u{1f3fb} Ltd".to_owned();
    assert!(text(&case).contains("Ltd"));
}

#[test]
fn trap_34_the_load_stands_beside_the_round_trip() {
    let text = text(&cases::breached());
    let of = |name: &str| text.find(name).unwrap_or_else(|| panic!("{name} is missing in: {text}"));
    let charts = of("The month hour by hour");
    for panel in ["Download", "Upload", "Round trip", "Loss"] {
        assert!(text[charts..].contains(panel), "{panel} is no panel over the same hours");
    }
}

#[test]
fn trap_48_the_measuring_points_are_named() {
    let case = cases::breached();
    let document = case.document();
    let words = text(&case).split_whitespace().collect::<Vec<_>>().join(" ");
    let target = document.facts.probe_target.as_deref().expect("it is pinged");
    for point in [&document.facts.interface, &document.facts.router, target] {
        assert!(words.contains(point), "{point} is missing in: {words}");
    }
    assert!(words.contains("Measuring point"));
}

#[test]
fn trap_17_a_month_so_far_says_so_on_every_page() {
    let text = text(&cases::so_far());
    assert!(text.contains("Until 13 Oct 2026, 14:00: the month is not over"), "{text}");
    assert!(text.contains("revision 1 · so far"), "{text}");
    assert!(text.contains("goes on"), "the outage has no end yet: {text}");
    assert!(text.contains("from 5 Oct 2026, 10:00"), "the contract began within the month: {text}");
}

#[test]
fn trap_16_a_month_without_data_has_no_figure() {
    let text = text(&cases::no_data());
    assert!(text.contains("No figure"), "{text}");
    assert!(text.contains("no data"), "{text}");
    assert!(!text.contains("100.000 %") && !text.contains("0.000 %"), "{text}");
}

#[test]
fn trap_10_an_outage_that_outlasts_the_month_is_not_given_its_end() {
    let mut inputs = fixtures::october();
    let to_ms = fixtures::OCTOBER_MS + 31 * fixtures::DAY_MS;
    fixtures::cut(
        &mut inputs,
        to_ms - 3 * fixtures::HOUR_MS,
        3 * fixtures::HOUR_MS,
        sla::LinkState::Down,
        "link_down",
        "link_times",
    );
    let text = text(&fixtures::Case::new("over-the-end", inputs));
    assert!(
        text.contains("not over at the month's end") || text.contains("not over at the month\u{2019}s end"),
        "{text}"
    );
}

#[test]
fn little_that_is_known_is_not_called_nothing() {
    let mut inputs = fixtures::october();
    let known_ms = 1_000;
    inputs.spans.truncate(1);
    inputs.spans[0].to_ms = inputs.spans[0].from_ms.max(fixtures::OCTOBER_MS) + known_ms;
    let text = text(&fixtures::Case::new("one-second", inputs));
    assert!(text.contains("0.000 % of what is not excluded is known"), "{text}");
    assert!(!text.contains("Nothing of what"), "{text}");
}

#[test]
fn a_long_list_of_outages_is_cut_and_says_so() {
    let text = text(&cases::sixty_outages());
    assert!(text.contains("of 60 outages; the others"), "{text}");
}

#[test]
fn trap_19_times_of_a_month_with_a_clock_change_carry_their_offset() {
    let text = text(&cases::clock_change());
    assert!(text.contains("1 Nov 2026, 01:30:00 (UTC-04:00)"), "{text}");
    assert!(text.contains("1 Nov 2026, 01:10:00 (UTC-05:00)"), "it ended forty minutes later: {text}");
}

#[test]
fn trap_13_changed_terms_are_listed_and_judged_apart() {
    let text = text(&cases::terms_changed());
    for figure in ["at least 99.50 %, then 99.90 %", "of 99.50 %", "of 99.90 %", "until 28 Oct 2026, 00:00"] {
        assert!(text.contains(figure), "{figure} is missing in: {text}");
    }
}

#[test]
fn a_revision_gives_its_reason() {
    let text = text(&cases::undetermined());
    assert!(text.contains("2: Samples of 12 October arrived late"), "{text}");
}

#[test]
fn names_are_printed_and_not_run() {
    let text = text(&cases::hostile());
    assert!(text.contains(r#"#read("/etc/passwd") *bold* $x^2$ <script>"#), "{text}");
    assert!(!text.contains("root:"), "{text}");
    assert!(text.contains("#panic() @ref"), "{text}");
}

#[test]
fn the_same_document_gives_the_same_bytes_and_another_one_does_not() {
    let case = cases::met();
    assert!(made(&case) == made(&case), "the clock or chance got in");
    let later = Document { created_at_ms: case.document().created_at_ms + HOUR_MS, ..case.document() };
    assert!(made(&case) != pdf(&later).expect("a statement"));
}

#[test]
fn a_logo_that_cannot_be_drawn_costs_the_logo_and_not_the_statement() {
    let mut case = cases::met();
    let broken = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x10\0\0\0\x10 and then nothing".to_vec();
    // Drawn it is fine; printed it is not, for no font has a glyph for its text.
    let text =
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 90 30'><text y='20'>\u{10fffd}</text></svg>";
    for (bytes, media_type) in [(broken, "image/png"), (text.into(), "image/svg+xml")] {
        case.brand.logo = Some(Logo::new(bytes, media_type).expect("it looks like one"));
        let made = pdf_with_notes(&case.document()).expect("a statement");
        assert!(poppler::text(case.name, &made.bytes).contains("99.945 %"));
        let notes: Vec<String> = made.notes.iter().map(ToString::to_string).collect();
        assert!(matches!(&notes[..], [note] if note.contains("made without the logo")), "{notes:?}");
    }
    case.brand.logo = fixtures::brand().logo;
    assert_eq!(pdf_with_notes(&case.document()).expect("a statement").notes, []);
}
