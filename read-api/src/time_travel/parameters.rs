//! Moments as clients name them.

use agrodeep_http::{Problem, query};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use utoipa::IntoParams;

use super::Moment;

/// At which moment.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MomentParameters {
    /// As it was at this time (RFC 3339), not in the future.
    #[param(example = "2024-08-15T10:35:00Z")]
    as_of: Option<String>,
    /// As it was at the end of this version, from 1.
    version: Option<u64>,
}

impl MomentParameters {
    /// The moment; `None`: now.
    ///
    /// # Errors
    /// 400, naming the parameter.
    pub fn moment(&self, now: DateTime<Utc>) -> Result<Option<Moment>, Problem> {
        match (&self.as_of, self.version) {
            (None, None) => Ok(None),
            (Some(_), Some(_)) => Err(query::invalid("version", "cannot be together with as_of")),
            (None, Some(0)) => Err(query::invalid("version", "must be at least 1")),
            (None, Some(version)) => Ok(Some(Moment::Version(version))),
            (Some(text), None) => {
                let detail = "must be a time such as 2024-08-15T10:35:00Z";
                let time = time(text).ok_or_else(|| query::invalid("as_of", detail))?;
                if time > now {
                    return Err(query::invalid("as_of", "must not be in the future"));
                }
                Ok(Some(Moment::Time(time)))
            }
        }
    }
}

/// Between which versions.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct VersionsParameters {
    /// From this version, from 1.
    from: u64,
    /// To this version, from 1; it may be the earlier one.
    to: u64,
}

impl VersionsParameters {
    /// The versions `[from, to]`.
    ///
    /// # Errors
    /// 400, naming the parameter.
    pub fn versions(self) -> Result<[u64; 2], Problem> {
        for (name, version) in [("from", self.from), ("to", self.to)] {
            if version == 0 {
                return Err(query::invalid(name, "must be at least 1"));
            }
        }
        Ok([self.from, self.to])
    }
}

fn time(text: &str) -> Option<DateTime<Utc>> {
    // In a query string an unescaped `+` means a space: `…T10:35:00+02:00` arrives as `…T10:35:00 02:00`.
    let text = match text.rsplit_once(' ') {
        Some((time, offset)) if time.contains(['T', 't']) => format!("{time}+{offset}"),
        _ => text.to_owned(),
    };
    DateTime::parse_from_rfc3339(&text).ok().map(|time| time.to_utc())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_time_is_read_with_any_offset_even_with_an_unescaped_plus() {
        let expected: DateTime<Utc> = "2024-08-15T08:35:00Z".parse().unwrap();
        for text in ["2024-08-15T08:35:00Z", "2024-08-15T10:35:00+02:00", "2024-08-15T10:35:00 02:00"] {
            assert_eq!(time(text), Some(expected), "{text}");
        }
        for bad in
            ["", "2024-08-15", "yesterday", "2024-08-15T10:35:00", "1723710900", "2024-13-15T10:35:00Z"]
        {
            assert_eq!(time(bad), None, "{bad}");
        }
    }

    fn wrong<T>(result: Result<T, Problem>) -> Result<T, String> {
        result.map_err(|problem| problem.errors[0].parameter.clone().unwrap())
    }

    #[test]
    fn a_moment_is_one_and_not_in_the_future() {
        let now: DateTime<Utc> = "2024-08-15T10:35:00Z".parse().unwrap();
        let moment = |as_of: Option<&str>, version| {
            wrong(MomentParameters { as_of: as_of.map(str::to_owned), version }.moment(now))
        };
        assert_eq!(moment(None, None), Ok(None));
        assert_eq!(moment(None, Some(3)), Ok(Some(Moment::Version(3))));
        assert_eq!(moment(Some("2024-08-15T10:35:00Z"), None), Ok(Some(Moment::Time(now))));
        assert_eq!(moment(Some("2024-08-15T10:35:01Z"), None), Err("as_of".to_owned()));
        assert_eq!(moment(Some("x"), None), Err("as_of".to_owned()));
        assert_eq!(moment(Some("2024-08-15T10:35:00Z"), Some(3)), Err("version".to_owned()));
        assert_eq!(moment(None, Some(0)), Err("version".to_owned()));
    }

    #[test]
    fn versions_begin_with_1_and_may_go_back() {
        let versions = |from, to| wrong(VersionsParameters { from, to }.versions());
        assert_eq!(versions(3, 1), Ok([3, 1]));
        assert_eq!(versions(0, 1), Err("from".to_owned()));
        assert_eq!(versions(1, 0), Err("to".to_owned()));
    }
}
