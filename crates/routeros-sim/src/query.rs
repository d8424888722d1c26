use crate::row::Row;
use std::cmp::Ordering;

/// The `?` words of a print: a stack machine over booleans with an endless floor of `true`; an item passes if
/// no `false` is left on the stack (Manual:API, "Queries").
#[derive(Debug, Default)]
pub(crate) struct Query(Vec<Step>);

#[derive(Debug, PartialEq, Eq)]
enum Step {
    Has(Vec<u8>),
    HasNot(Vec<u8>),
    Compare(Vec<u8>, Ordering, Vec<u8>),
    Operations(Vec<Operation>),
}

#[derive(Debug, PartialEq, Eq)]
enum Operation {
    Not,
    And,
    Or,
    /// Copy the value at this index (0 is the top); the last one of a word replaces the whole stack instead.
    Pick(usize),
    Duplicate,
}

impl Query {
    /// Reads the query words in order; `None` if one is malformed.
    pub(crate) fn parse<'a>(words: impl Iterator<Item = &'a [u8]>) -> Option<Self> {
        words.filter_map(|word| word.strip_prefix(b"?")).map(Step::parse).collect::<Option<_>>().map(Self)
    }

    pub(crate) fn passes(&self, row: &Row) -> bool {
        let mut stack = Vec::new();
        for step in &self.0 {
            match step {
                Step::Has(name) => stack.push(row.get(name).is_some()),
                Step::HasNot(name) => stack.push(row.get(name).is_none()),
                Step::Compare(name, wanted, value) => {
                    stack.push(row.get(name).is_some_and(|have| compare(have, value) == *wanted));
                }
                Step::Operations(operations) => operate(&mut stack, operations),
            }
        }
        stack.iter().all(|value| *value)
    }
}

impl Step {
    fn parse(word: &[u8]) -> Option<Self> {
        let comparison = |rest: &[u8], ordering| {
            let at = rest.iter().position(|byte| *byte == b'=')?;
            Some(Self::Compare(rest[..at].to_vec(), ordering, rest[at + 1..].to_vec()))
        };
        match word.split_first()? {
            (b'#', rest) => Operation::parse(rest).map(Self::Operations),
            (b'-', rest) => Some(Self::HasNot(rest.to_vec())),
            (b'=', rest) => comparison(rest, Ordering::Equal),
            (b'<', rest) => comparison(rest, Ordering::Less),
            (b'>', rest) => comparison(rest, Ordering::Greater),
            _ => comparison(word, Ordering::Equal).or_else(|| Some(Self::Has(word.to_vec()))),
        }
    }
}

impl Operation {
    fn parse(mut word: &[u8]) -> Option<Vec<Self>> {
        let mut operations = Vec::new();
        while let Some((byte, rest)) = word.split_first() {
            word = rest;
            operations.push(match byte {
                b'!' => Self::Not,
                b'&' => Self::And,
                b'|' => Self::Or,
                b'.' => Self::Duplicate,
                b'0'..=b'9' => {
                    let more = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
                    word = &rest[more..];
                    let tail = std::str::from_utf8(&rest[..more]).ok()?;
                    Self::Pick(format!("{}{tail}", char::from(*byte)).parse().ok()?)
                }
                _ => return None,
            });
        }
        Some(operations)
    }
}

fn operate(stack: &mut Vec<bool>, operations: &[Operation]) {
    for (at, operation) in operations.iter().enumerate() {
        match operation {
            Operation::Not => {
                let value = stack.pop().unwrap_or(true);
                stack.push(!value);
            }
            Operation::And | Operation::Or => {
                let (a, b) = (stack.pop().unwrap_or(true), stack.pop().unwrap_or(true));
                stack.push(if *operation == Operation::And { a && b } else { a || b });
            }
            Operation::Duplicate => stack.push(stack.last().copied().unwrap_or(true)),
            Operation::Pick(index) => {
                let value = stack.iter().rev().nth(*index).copied().unwrap_or(true);
                if at + 1 == operations.len() {
                    stack.clear();
                }
                stack.push(value);
            }
        }
    }
}

/// Numbers by value when both are numbers, otherwise bytes.
fn compare(have: &[u8], wanted: &[u8]) -> Ordering {
    let number = |bytes: &[u8]| std::str::from_utf8(bytes).ok()?.parse::<u64>().ok();
    match (number(have), number(wanted)) {
        (Some(have), Some(wanted)) => have.cmp(&wanted),
        _ => have.cmp(wanted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(words: &[&str]) -> bool {
        let mut row = Row::default();
        row.bytes("name", b"ether1");
        row.bytes("type", b"ether");
        row.flag("running", true);
        row.number("mtu", 1500);
        row.bytes("comment", b"");
        Query::parse(words.iter().map(|word| word.as_bytes())).unwrap().passes(&row)
    }

    #[test]
    fn single_words() {
        for (word, expected) in [
            ("?name", true),
            ("?nothing", false),
            ("?-name", false),
            ("?-nothing", true),
            ("?name=ether1", true),
            ("?=name=ether1", true),
            ("?name=ether", false),
            ("?comment=", true),
            ("?<mtu=9000", true),
            ("?>mtu=9000", false),
            ("?>mtu=999", true),
        ] {
            assert_eq!(passes(&[word]), expected, "{word}");
        }
    }

    #[test]
    fn words_without_an_operator_are_a_conjunction() {
        assert!(passes(&["?type=ether", "?running=true"]));
        assert!(!passes(&["?type=ether", "?running=false"]));
        assert!(passes(&[]));
    }

    #[test]
    fn operators_work_on_the_stack() {
        assert!(passes(&["?type=ether", "?type=vlan", "?#|"]));
        assert!(!passes(&["?type=ether", "?type=vlan", "?#&"]));
        assert!(passes(&["?type=vlan", "?#!"]));
        assert!(passes(&["?type=vlan", "?type=bridge", "?#|!"]));
        assert!(!passes(&["?#!"]), "the floor is true, its negation is not");
        assert!(passes(&["?type=vlan", "?type=ether", "?#0"]), "a last index replaces the whole stack");
        assert!(!passes(&["?type=vlan", "?type=ether", "?#1"]));
        assert!(passes(&["?type=ether", "?#.&"]));
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(Query::parse([b"?#x".as_slice()].into_iter()).is_none());
        assert!(Query::parse([b"?".as_slice()].into_iter()).is_none());
        assert!(Query::parse([b"?<mtu".as_slice()].into_iter()).is_none());
    }
}
