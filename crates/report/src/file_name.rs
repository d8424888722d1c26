use sla::Month;

/// What a statement's file is called, in letters that every mail program and file system can read:
/// `SLA-ILL-0100-2026-10.pdf`, with the revision from the second on.
pub fn file_name(circuit: &str, month: Month, revision: i64, ending: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let circuit: String = circuit.chars().map(plain).collect();
    match revision {
        ..=1 => format!("SLA-{circuit}-{month}.{ending}"),
        revision => format!("SLA-{circuit}-{month}-r{revision}.{ending}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_circuit_id_leads_out_of_its_folder_or_header() {
        let month = "2026-10".parse().expect("a month");
        assert_eq!(file_name("ILL/../\"é\r\n", month, 1, "pdf"), "SLA-ILL-..------2026-10.pdf");
        assert_eq!(file_name("C-1", month, 3, "csv"), "SLA-C-1-2026-10-r3.csv");
    }
}
