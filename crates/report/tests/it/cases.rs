//! The kinds of statement that there are.

use report::{Brand, Facing};
use sla::{Active, ExclusionKind, Inputs, LinkState};

use crate::fixtures::*;

/// All of them, each under its name.
pub(crate) fn all() -> Vec<Case> {
    vec![
        met(),
        breached(),
        undetermined(),
        so_far(),
        no_data(),
        nothing_agreed(),
        sixty_outages(),
        long_names(),
        devanagari(),
        scripts(),
        no_logo(),
        light_accent(),
        terms_changed(),
        clock_change(),
        hostile(),
    ]
}

pub(crate) fn met() -> Case {
    let mut inputs = october();
    let down = (LinkState::Down, "link_down", "link_times");
    cut(
        &mut inputs,
        OCTOBER_MS + 6 * DAY_MS + 11 * HOUR_MS + 127_000,
        24 * MINUTE_MS + 9_000,
        down.0,
        down.1,
        down.2,
    );
    let night = OCTOBER_MS + 17 * DAY_MS + HOUR_MS;
    cut(&mut inputs, night + 4 * MINUTE_MS, 71 * MINUTE_MS, down.0, "router_reboot", "reboot");
    let reason = "Replacement of the access switch, announced on 10 October";
    let planned =
        exclusion(night, 2 * HOUR_MS, ExclusionKind::PlannedMaintenance, reason, night - 8 * DAY_MS);
    inputs.exclusions.push(planned);
    cut(
        &mut inputs,
        OCTOBER_MS + 22 * DAY_MS + 3 * HOUR_MS,
        9 * MINUTE_MS,
        LinkState::Unknown,
        "router_unreachable",
        "no_contact",
    );
    Case::new("met", inputs)
}

pub(crate) fn breached() -> Case {
    let mut inputs = october();
    for (day, hour, minutes, cause, kind) in [
        (2, 15, 42, "link_down", "link_times"),
        (8, 10, 247, "link_down", "link_times"),
        (19, 4, 13, "no_answer", "looks"),
    ] {
        let from_ms = OCTOBER_MS + day * DAY_MS + hour * HOUR_MS + 331_000;
        cut(&mut inputs, from_ms, minutes * MINUTE_MS + 17_000, LinkState::Down, cause, kind);
    }
    let late = OCTOBER_MS + 8 * DAY_MS + 13 * HOUR_MS;
    let reason = "Power cut at the customer's premises; credit of ₹ 12,500 agreed";
    inputs.exclusions.push(exclusion(late, HOUR_MS, ExclusionKind::CustomerCause, reason, late + 5 * DAY_MS));
    Case::new("breached", inputs)
}

pub(crate) fn undetermined() -> Case {
    let mut inputs = october();
    cut(
        &mut inputs,
        OCTOBER_MS + 11 * DAY_MS + 21 * HOUR_MS,
        31 * HOUR_MS,
        LinkState::Unknown,
        "not_polled",
        "no_contact",
    );
    cut(&mut inputs, OCTOBER_MS + 4 * DAY_MS, 20 * MINUTE_MS, LinkState::Down, "link_down", "link_times");
    let mut case = Case::new("undetermined", inputs);
    case.revision = 2;
    case.reason = "Samples of 12 October arrived late from the collector in Nashik".to_owned();
    case
}

pub(crate) fn so_far() -> Case {
    let as_of_ms = OCTOBER_MS + 12 * DAY_MS + 14 * HOUR_MS;
    let mut inputs = october();
    inputs.as_of_ms = Some(as_of_ms);
    inputs.active = Active { from_ms: OCTOBER_MS + 4 * DAY_MS + 10 * HOUR_MS, to_ms: None };
    inputs.spans[0].to_ms = as_of_ms;
    inputs.traffic.retain(|row| row.at_ms < as_of_ms);
    inputs.probes.retain(|probe| probe.at_ms < as_of_ms);
    cut(&mut inputs, as_of_ms - 25 * MINUTE_MS, 25 * MINUTE_MS, LinkState::Down, "link_down", "looks");
    Case::new("so-far", inputs)
}

pub(crate) fn no_data() -> Case {
    let inputs = Inputs { spans: vec![], probes: vec![], traffic: vec![], ..october() };
    Case::new("no-data", inputs)
}

pub(crate) fn nothing_agreed() -> Case {
    let mut case = Case::new("nothing-agreed", Inputs { terms: vec![], ..october() });
    case.facts.probe_target = None;
    case.facts.service_ref = None;
    case.facts.site = None;
    case.facts.support_phone = None;
    case
}

/// A flapping line, and as many exclusions as nobody should have.
pub(crate) fn sixty_outages() -> Case {
    let mut inputs = october();
    for index in 0..60 {
        let from_ms = OCTOBER_MS + index * 12 * HOUR_MS + index * 97 * SECOND_MS;
        let length_ms = (20 + index * index % 700) * SECOND_MS;
        cut(&mut inputs, from_ms, length_ms, LinkState::Down, "link_down", "link_times");
    }
    for index in 0..25 {
        let from_ms = OCTOBER_MS + index * 28 * HOUR_MS;
        let reason = "Splicing of the fibre between the exchange and the ring, section by section";
        let kind = ExclusionKind::ALL[index as usize % 5];
        inputs.exclusions.push(exclusion(from_ms, 10 * MINUTE_MS + index, kind, reason, from_ms + HOUR_MS));
    }
    Case::new("sixty-outages", inputs)
}

pub(crate) fn long_names() -> Case {
    let mut case = breached();
    case.name = "long-names";
    case.facts.client = "The Amalgamated Western Ghats Hydroelectric, Irrigation and Rural Telecommunication Cooperative Society of Maharashtra (Registered) Limited Liability Partnership".to_owned();
    case.facts.circuit = "x".repeat(200);
    case.facts.site = Some("W".repeat(200));
    case.facts.service_ref = Some("A very long service reference / ".repeat(8));
    case.facts.router =
        "core-router-of-the-northern-distribution-ring-with-a-name-that-nobody-shortened".to_owned();
    case.facts.support_email = Some(format!("{}@deccan.example", "network-operations".repeat(9)));
    case.brand.name =
        "Deccan Fibre Networks and Broadband Infrastructure (Western Region) Private Limited".to_owned();
    for exclusion in &mut case.inputs.exclusions {
        exclusion.reason = Some("because ".repeat(300));
        exclusion.entered_by = Some("y".repeat(300));
    }
    case
}

pub(crate) fn devanagari() -> Case {
    let mut case = met();
    case.name = "devanagari";
    case.facts.client = "सह्याद्री प्रिसिजन वर्क्स प्रा. लि.".to_owned();
    case.facts.site = Some("प्लॉट १४, चाकण एमआयडीसी, पुणे".to_owned());
    case.brand =
        Brand {
            name: "दख्खन फायबर नेटवर्क्स".to_owned(), accent: Some("#7a1f3d".to_owned()), ..case.brand
        };
    case
}

/// Names in the scripts of customers.
pub(crate) fn scripts() -> Case {
    let mut case = met();
    case.name = "scripts";
    case.facts.client = "தமிழ் நிறுவனம் · తెలుగు సంస్థ · ಕನ್ನಡ ಸಂಸ್ಥೆ · മലയാളം കമ്പനി".to_owned();
    case.facts.site = Some("বাংলা প্রতিষ্ঠান · ગુજરાતી સંસ્થા · ਪੰਜਾਬੀ ਸੰਸਥਾ · ଓଡ଼ିଆ ସଂସ୍ଥା".to_owned());
    case.facts.service_ref = Some("شركة نور للاتصالات (الهند)".to_owned());
    case.facts.router = "חברת נור (פונה)".to_owned();
    case.facts.interface = "บริษัท เน็ต ⚡ 👩\u{200d}🔧".to_owned();
    case
}

pub(crate) fn no_logo() -> Case {
    let mut case = met();
    case.name = "no-logo";
    case.brand = Brand { name: "Konkan Net".to_owned(), accent: Some("#1b1464".to_owned()), logo: None };
    case
}

pub(crate) fn light_accent() -> Case {
    let mut case = breached();
    case.name = "light-accent";
    case.brand.accent = Some("#ffd400".to_owned());
    case.facts.facing = Facing::Upstream;
    case
}

pub(crate) fn terms_changed() -> Case {
    let mut inputs = october();
    inputs.active.to_ms = Some(OCTOBER_MS + 27 * DAY_MS);
    inputs.terms.push(terms(OCTOBER_MS + 9 * DAY_MS, "99.90", "12.5", "0.50"));
    cut(
        &mut inputs,
        OCTOBER_MS + 14 * DAY_MS + 9 * HOUR_MS,
        55 * MINUTE_MS,
        LinkState::Down,
        "link_down",
        "link_times",
    );
    Case::new("terms-changed", inputs)
}

/// November in New York, where one day has 25 hours.
pub(crate) fn clock_change() -> Case {
    let from_ms = 1_793_505_600_000;
    let to_ms = from_ms + 721 * HOUR_MS;
    let mut inputs = Inputs {
        timezone: "America/New_York".to_owned(),
        month: "2026-11".parse().expect("a month"),
        probes: probes(from_ms, to_ms),
        traffic: traffic(from_ms, to_ms),
        ..october()
    };
    inputs.spans[0].from_ms = from_ms;
    inputs.spans[0].to_ms = to_ms;
    cut(&mut inputs, from_ms + 90 * MINUTE_MS, 40 * MINUTE_MS, LinkState::Down, "link_down", "link_times");
    Case::new("clock-change", inputs)
}

/// What somebody may put into a name.
pub(crate) fn hostile() -> Case {
    let mut case = breached();
    case.name = "hostile";
    case.facts.client =
        r#"#read("/etc/passwd") *bold* $x^2$ <script>alert(1)</script> {{ client }} 💩"#.to_owned();
    case.facts.circuit = "=HYPERLINK(\"http://evil.example\";\"x\")\r\nBcc: victim@example.org".to_owned();
    case.facts.site =
        Some("</mj-text></mj-column><mj-raw><b>out</b> #panic() @ref & ]] நிறுவனம் \u{202e}gnp".to_owned());
    case.facts.router = "-2+3".to_owned();
    case.reason = "+cmd|' /C calc'!A0".to_owned();
    case.revision = 3;
    case
}
