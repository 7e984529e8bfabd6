//! What came back, and whether it is what was promised.

use anyhow::{Context, Result, bail};
use reqwest::StatusCode;
use rust_decimal::Decimal;
use serde_json::Value;

/// What an API answered.
pub struct Answer {
    /// What was asked.
    pub what: String,
    /// The status.
    pub status: StatusCode,
    /// `Agrodeep-Position`.
    pub position: Option<String>,
    /// The body; null when it is no JSON.
    pub body: Value,
}

impl Answer {
    /// This answer, if its status is `promised`.
    pub fn expect(self, promised: u16) -> Result<Self> {
        if self.status.as_u16() == promised {
            return Ok(self);
        }
        let problem =
            ["/title", "/detail"].into_iter().filter_map(|field| self.body.pointer(field)?.as_str());
        let fields = self.body["errors"].as_array().into_iter().flatten().map(Value::to_string);
        let said: Vec<String> = problem.map(str::to_owned).chain(fields).collect();
        bail!(
            "{} answered {} instead of {promised}{}",
            self.what,
            self.status.as_u16(),
            if said.is_empty() { String::new() } else { format!(": {}", said.join("; ")) }
        )
    }

    /// The text at `pointer`.
    pub fn text(&self, pointer: &str) -> Result<&str> {
        self.at(pointer)?.as_str().with_context(|| format!("{}: {pointer} is no text", self.what))
    }

    /// The number at `pointer`.
    pub fn number(&self, pointer: &str) -> Result<f64> {
        self.at(pointer)?.as_f64().with_context(|| format!("{}: {pointer} is no number", self.what))
    }

    /// The number at `pointer`, exactly.
    pub fn decimal(&self, pointer: &str) -> Result<Decimal> {
        decimal(self.at(pointer)?).with_context(|| format!("{}: {pointer} is no amount", self.what))
    }

    /// The elements of the list at `pointer`.
    pub fn list(&self, pointer: &str) -> Result<&[Value]> {
        let list = self.at(pointer)?.as_array();
        list.map(Vec::as_slice).with_context(|| format!("{}: {pointer} is no list", self.what))
    }

    /// What is at `pointer`.
    pub fn at(&self, pointer: &str) -> Result<&Value> {
        let found = self.body.pointer(pointer);
        found.with_context(|| format!("{}: the answer has no {pointer}: {}", self.what, self.body))
    }

    /// Checks the text at `pointer`.
    pub fn promised(&self, pointer: &str, text: &str) -> Result<()> {
        let found = self.text(pointer)?;
        if found != text {
            bail!("{}: {pointer} is {found:?} instead of {text:?}", self.what);
        }
        Ok(())
    }
}

/// A JSON number, exactly.
pub fn decimal(value: &Value) -> Option<Decimal> {
    value.as_number().and_then(|number| Decimal::from_str_exact(&number.to_string()).ok())
}
