//! JSON values in bytes, with sorted keys and exact floats: the same value is always the same bytes.

use serde_json::{Map, Number, Value};

use super::FrozenError;
use super::reader::Reader;
use super::writer::Writer;

/// How deep values may be nested, as `serde_json` allows when it reads.
const DEPTH_MAX: usize = 128;

const NULL: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
const UNSIGNED: u8 = 3;
const NEGATIVE: u8 = 4;
const FLOAT: u8 = 5;
const TEXT: u8 = 6;
const ARRAY: u8 = 7;
const OBJECT: u8 = 8;

/// A value by itself, for comparing.
pub(crate) fn value_bytes(value: &Value) -> Vec<u8> {
    let mut out = Writer::default();
    write(&mut out, value);
    out.into_bytes()
}

pub(crate) fn write(out: &mut Writer, value: &Value) {
    match value {
        Value::Null => out.byte(NULL),
        Value::Bool(false) => out.byte(FALSE),
        Value::Bool(true) => out.byte(TRUE),
        Value::Number(number) => write_number(out, number),
        Value::String(text) => {
            out.byte(TEXT);
            out.text(text);
        }
        Value::Array(values) => {
            out.byte(ARRAY);
            out.length(values.len());
            values.iter().for_each(|value| write(out, value));
        }
        Value::Object(fields) => {
            out.byte(OBJECT);
            out.length(fields.len());
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_unstable_by_key(|&(name, _)| name);
            for (name, value) in fields {
                out.text(name);
                write(out, value);
            }
        }
    }
}

fn write_number(out: &mut Writer, number: &Number) {
    if let Some(number) = number.as_u64() {
        out.byte(UNSIGNED);
        out.unsigned(number);
    } else if let Some(number) = number.as_i64() {
        out.byte(NEGATIVE);
        out.signed(number);
    } else {
        out.byte(FLOAT);
        out.bytes(&number.as_f64().unwrap_or_default().to_bits().to_le_bytes());
    }
}

pub(crate) fn read(from: &mut Reader<'_>) -> Result<Value, FrozenError> {
    read_nested(from, DEPTH_MAX)
}

fn read_nested(from: &mut Reader<'_>, depth: usize) -> Result<Value, FrozenError> {
    const WHAT: &str = "evidence";
    let deeper = depth.checked_sub(1).ok_or(FrozenError::Impossible("depth"));
    Ok(match from.byte(WHAT)? {
        NULL => Value::Null,
        FALSE => Value::Bool(false),
        TRUE => Value::Bool(true),
        UNSIGNED => from.unsigned(WHAT)?.into(),
        NEGATIVE => from.signed(WHAT)?.into(),
        FLOAT => {
            let bytes = from.bytes(8, WHAT)?.try_into().map_err(|_| FrozenError::Short(WHAT))?;
            let number = Number::from_f64(f64::from_bits(u64::from_le_bytes(bytes)));
            number.ok_or(FrozenError::Impossible("number"))?.into()
        }
        TEXT => from.text(WHAT)?.into(),
        ARRAY => {
            let deeper = deeper?;
            Value::Array(from.rows(WHAT, |from| read_nested(from, deeper))?)
        }
        OBJECT => {
            let deeper = deeper?;
            let fields = from.rows(WHAT, |from| Ok((from.text(WHAT)?, read_nested(from, deeper)?)))?;
            Value::Object(fields.into_iter().collect::<Map<_, _>>())
        }
        _ => return Err(FrozenError::Impossible(WHAT)),
    })
}
