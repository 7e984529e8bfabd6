//! Gathers everything that is wrong with an input, so that a client hears of all of it at once.

use std::fmt::Display;

use crate::problem::{FieldError, Problem};

/// Beyond so many, errors are counted but not told: nobody reads ten thousand.
const ERRORS_TOLD_MAX: usize = 50;

/// What is wrong with an input so far.
#[derive(Debug, Default)]
pub struct Invalid {
    errors: Vec<FieldError>,
}

impl Invalid {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes what is wrong at `pointer`.
    pub fn at(&mut self, pointer: impl Into<String>, detail: impl Display) {
        self.note(FieldError::pointer(pointer, detail.to_string()));
    }

    /// Notes an error.
    pub fn note(&mut self, error: FieldError) {
        if self.errors.len() < ERRORS_TOLD_MAX {
            self.errors.push(error);
        }
    }

    /// The value, or a note of why there is none.
    pub fn check<T, E: Display>(&mut self, pointer: &str, result: Result<T, E>) -> Option<T> {
        result.map_err(|error| self.at(pointer, error)).ok()
    }

    /// The text without surrounding white space, when it has 1 to `chars_max` characters and no control characters.
    pub fn text(&mut self, pointer: &str, text: &str, chars_max: usize) -> Option<String> {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            self.at(pointer, "must not be blank");
            return None;
        }
        if trimmed.chars().count() > chars_max {
            self.at(pointer, format!("must have at most {chars_max} characters"));
            return None;
        }
        if trimmed.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            self.at(pointer, "must not contain control characters");
            return None;
        }
        Some(trimmed.to_owned())
    }

    /// Like [`Self::text`], for what may be left out; blank is left out.
    pub fn optional_text(&mut self, pointer: &str, text: Option<&str>, chars_max: usize) -> Option<String> {
        text.filter(|text| !text.trim().is_empty()).and_then(|text| self.text(pointer, text, chars_max))
    }

    /// Whether nothing is wrong so far.
    pub fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    /// The value that was built, or the problem. Without errors there must be a value.
    ///
    /// # Errors
    /// 422 `invalid_input` with all that was noted.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, Problem> {
        match value {
            Some(value) if self.errors.is_empty() => Ok(value),
            _ => Err(Problem::invalid_input(self.errors)),
        }
    }
}

/// One step of a JSON pointer, escaped (RFC 6901, section 3).
pub fn escape(step: &str) -> String {
    step.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let mut invalid = Invalid::new();
        assert_eq!(invalid.text("/city", " ", 10), None);
        assert_eq!(invalid.text("/name", "  Marie ", 5).as_deref(), Some("Marie"));
        invalid.check::<u8, _>("/age", "x".parse());
        let problem = invalid.finish(Some(())).err().map(|problem| problem.errors);
        let pointers: Vec<_> =
            problem.iter().flatten().filter_map(|error| error.pointer.as_deref()).collect();
        assert_eq!(pointers, ["/city", "/age"]);
    }
}
