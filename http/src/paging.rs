//! Pages of long lists: `page` and `limit` in; `meta` and `Link` out.

use axum::{
    Json,
    http::{HeaderValue, Uri, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{problem::Problem, query};

/// The most items of one page.
pub const LIMIT_MAX: u32 = 100;

const LIMIT_DEFAULT: u32 = 20;

/// Beyond this page nobody reads; a filter finds it faster. Keeps `offset` far from overflowing.
const PAGE_MAX: u32 = 1_000_000;

/// Which page of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paging {
    /// From 1.
    pub page: u32,
    /// How many items a page has.
    pub limit: u32,
}

impl Paging {
    /// The page that these query parameters ask for; the first 20 items when they say nothing.
    ///
    /// # Errors
    /// 400 `invalid_query`, naming the parameter.
    pub fn parse(page: Option<u32>, limit: Option<u32>) -> Result<Self, Problem> {
        let page = page.unwrap_or(1);
        let limit = limit.unwrap_or(LIMIT_DEFAULT);
        if !(1..=PAGE_MAX).contains(&page) {
            return Err(query::invalid("page", format!("must be between 1 and {PAGE_MAX}")));
        }
        if !(1..=LIMIT_MAX).contains(&limit) {
            return Err(query::invalid("limit", format!("must be between 1 and {LIMIT_MAX}")));
        }
        Ok(Self { page, limit })
    }

    /// How many items come before this page.
    pub fn offset(self) -> i64 {
        i64::from(self.page - 1) * i64::from(self.limit)
    }

    /// Where the page stands among all.
    pub fn meta(self, total: u64) -> PageMeta {
        let last_page = total.div_ceil(u64::from(self.limit)).max(1);
        PageMeta { current_page: self.page, last_page, total, per_page: self.limit }
    }
}

/// Where a page stands among all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PageMeta {
    /// This page, from 1.
    pub current_page: u32,
    /// The last page; 1 when there is nothing.
    pub last_page: u64,
    /// How many items there are in all.
    pub total: u64,
    /// How many items a page has.
    pub per_page: u32,
}

/// One page of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Paged<T> {
    /// The items.
    pub data: Vec<T>,
    /// Where the page stands among all.
    pub meta: PageMeta,
}

impl<T: Serialize> Paged<T> {
    /// The answer, with links to the pages beside this one ([RFC 8288](https://www.rfc-editor.org/rfc/rfc8288)). `uri` is the
    /// request's: links keep its path and its other parameters.
    pub fn into_response(self, uri: &Uri) -> Response {
        let links = links(uri, &self.meta);
        let mut response = Json(self).into_response();
        if let Ok(value) = HeaderValue::from_str(&links) {
            response.headers_mut().insert(header::LINK, value);
        }
        response
    }
}

/// The value of the `Link` header.
pub fn links(uri: &Uri, meta: &PageMeta) -> String {
    let others: String = uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty() && pair.split('=').next() != Some("page"))
        .fold(String::new(), |all, pair| all + "&" + pair);
    let link = |page: u64, rel: &str| format!("<{}?page={page}{others}>; rel=\"{rel}\"", uri.path());
    let current = u64::from(meta.current_page);
    let mut links = vec![link(1, "first")];
    if current > 1 {
        links.push(link((current - 1).min(meta.last_page), "prev"));
    }
    if current < meta.last_page {
        links.push(link(current + 1, "next"));
    }
    links.push(link(meta.last_page, "last"));
    links.join(", ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn links_lead_to_the_pages_beside_and_keep_the_filters() {
        let uri: Uri = "/v1/products?is_organic=true&page=2&limit=20".parse().unwrap();
        let meta = Paging::parse(Some(2), Some(20)).unwrap().meta(97);
        assert_eq!(meta, PageMeta { current_page: 2, last_page: 5, total: 97, per_page: 20 });
        assert_eq!(
            links(&uri, &meta),
            "</v1/products?page=1&is_organic=true&limit=20>; rel=\"first\", \
             </v1/products?page=1&is_organic=true&limit=20>; rel=\"prev\", \
             </v1/products?page=3&is_organic=true&limit=20>; rel=\"next\", \
             </v1/products?page=5&is_organic=true&limit=20>; rel=\"last\""
        );
    }

    #[test]
    fn a_page_out_of_range_is_refused_by_name() {
        for (page, limit, name) in [
            (Some(0), None, "page"),
            (Some(u32::MAX), None, "page"),
            (None, Some(0), "limit"),
            (None, Some(101), "limit"),
        ] {
            let problem = Paging::parse(page, limit).unwrap_err();
            assert_eq!(problem.errors[0].parameter.as_deref(), Some(name));
        }
    }
}
