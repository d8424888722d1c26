//! Writes every kind of statement that the tests know into a folder, to be looked at:
//! `cargo run -p report --example statements -- target/statements`.

#[path = "../tests/it/cases.rs"]
mod cases;
#[path = "../tests/it/fixtures.rs"]
mod fixtures;

use std::{env, error::Error, fs, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(env::args_os().nth(1).unwrap_or("target/statements".into()));
    fs::create_dir_all(&folder)?;
    for case in cases::all() {
        let document = case.document();
        let file = |end: &str| folder.join(format!("{}{end}", case.name));
        fs::write(file(".pdf"), report::pdf(&document)?)?;
        fs::write(file(".csv"), report::csv(&document))?;
        fs::write(file(".json"), report::json(&document))?;
        for (end, mail) in
            [("-breach", report::breach_mail(&document)?), ("-report", report::report_mail(&document)?)]
        {
            fs::write(file(&format!("{end}.html")), mail.html)?;
            fs::write(file(&format!("{end}.txt")), format!("Subject: {}\n\n{}", mail.subject, mail.text))?;
        }
    }
    Ok(())
}
