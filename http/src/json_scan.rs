//! One pass over a JSON text before it is parsed into a type: what serde would let pass, or could not point to.
//!
//! Names the place of: bytes that are not UTF-8, syntax errors, one key twice, too deep nesting, NUL in a text. Postgres cannot
//! store NUL in text, and of two equal keys different parsers believe different ones.

use std::{cell::RefCell, collections::HashSet, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::{
    invalid::escape,
    problem::{FieldError, Problem},
};

/// How deep objects and lists may be nested. No body of either API needs more than six.
const DEPTH_MAX: usize = 32;

/// How the text must be changed before it can be parsed.
///
/// # Errors
/// 400 `malformed_json`, naming the place.
pub fn scan(bytes: &[u8]) -> Result<(), Problem> {
    let place = RefCell::new(Place::default());
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let scanned = Scan { place: &place }.deserialize(&mut deserializer).and_then(|()| deserializer.end());
    let Err(error) = scanned else {
        return Ok(());
    };
    let place = place.into_inner();
    let detail = place.fault.map_or_else(|| syntax(&error), str::to_owned);
    Err(Problem::bad_request("malformed_json", format!("the body is not acceptable JSON: {detail}"))
        .with_errors(vec![FieldError::pointer(place.pointer, detail)]))
}

fn syntax(error: &serde_json::Error) -> String {
    let text = error.to_string();
    if text.starts_with("invalid unicode code point") || text.starts_with("lone ") {
        return format!("not UTF-8 text ({text})");
    }
    text
}

#[derive(Default)]
struct Place {
    pointer: String,
    depth: usize,
    fault: Option<&'static str>,
}

#[derive(Clone, Copy)]
struct Scan<'a> {
    place: &'a RefCell<Place>,
}

impl Scan<'_> {
    fn enter<E: Error>(self) -> Result<(), E> {
        let mut place = self.place.borrow_mut();
        place.depth += 1;
        if place.depth > DEPTH_MAX {
            place.fault = Some("nested too deeply");
            return Err(E::custom("nested too deeply"));
        }
        Ok(())
    }

    /// The pointer is taken back only on success: after an error it shows where.
    fn step(self, step: &str) -> usize {
        let mut place = self.place.borrow_mut();
        let before = place.pointer.len();
        place.pointer.push('/');
        place.pointer.push_str(&escape(step));
        before
    }

    fn back(self, before: usize) {
        self.place.borrow_mut().pointer.truncate(before);
    }

    fn leave(self) {
        self.place.borrow_mut().depth -= 1;
    }

    fn text<E: Error>(self, text: &str) -> Result<(), E> {
        if text.contains('\0') {
            self.place.borrow_mut().fault = Some("must not contain NUL");
            return Err(E::custom("must not contain NUL"));
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Scan<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Scan<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.text(text)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        self.enter()?;
        for index in 0_usize.. {
            let before = self.step(&index.to_string());
            let next = seq.next_element_seed(self)?;
            self.back(before);
            if next.is_none() {
                break;
            }
        }
        self.leave();
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        self.enter()?;
        let mut keys = HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            let before = self.step(&key);
            self.text(&key)?;
            if keys.contains(&key) {
                self.place.borrow_mut().fault = Some("is there more than once");
                return Err(A::Error::custom("is there more than once"));
            }
            keys.insert(key);
            map.next_value_seed(self)?;
            self.back(before);
        }
        self.leave();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(bytes: &[u8]) -> (String, String) {
        let problem = scan(bytes).err().map(|mut problem| problem.errors.remove(0)).unwrap_or_default();
        (problem.pointer.unwrap_or_default(), problem.detail)
    }

    #[test]
    fn what_is_in_order_passes() {
        assert_eq!(scan(r#"{"a": [1, -2.50, {"b": null, "é": true}], "c": "\u00e9"}"#.as_bytes()), Ok(()));
    }

    #[test]
    fn a_key_that_is_there_twice_is_named() {
        assert_eq!(
            fault(br#"{"a": {"x/y": 1, "x/y": 2}}"#),
            ("/a/x~1y".into(), "is there more than once".into())
        );
    }

    #[test]
    fn nul_is_named_where_it_is() {
        assert_eq!(
            fault(br#"{"items": ["a", "b\u0000"]}"#),
            ("/items/1".into(), "must not contain NUL".into())
        );
        assert_eq!(fault(br#"{"k\u0000": 1}"#).1, "must not contain NUL");
    }

    #[test]
    fn a_hundred_lists_in_each_other_are_too_deep() {
        let text = format!(r#"{{"notes": {}{}}}"#, "[".repeat(100), "]".repeat(100));
        let (pointer, detail) = fault(text.as_bytes());
        assert!(pointer.starts_with("/notes/0/0"), "{pointer}");
        assert_eq!(detail, "nested too deeply");
        // Far deeper than the parser's own stack allows, too.
        assert_eq!(fault("[".repeat(1_000_000).as_bytes()).1, "nested too deeply");
    }

    #[test]
    fn bytes_that_are_no_utf_8_are_named() {
        let (pointer, detail) = fault(b"{\"city\": \"Ly\xff\xfen\"}");
        assert_eq!(pointer, "/city");
        assert!(detail.starts_with("not UTF-8 text"), "{detail}");
    }

    #[test]
    fn a_number_beyond_all_bounds_is_named() {
        assert_eq!(fault(br#"{"price": 1e999}"#).0, "/price");
    }

    #[test]
    fn what_follows_the_end_is_refused() {
        assert!(scan(br#"{"a":1}{"a":2}"#).is_err());
        assert!(scan(b"").is_err());
    }
}
