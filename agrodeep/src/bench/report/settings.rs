//! The server's version, and all its settings that are not as they come.

use std::fmt::Write;

use sqlx::{Connection, PgConnection};

/// A table of them. (`override` is what the server has found out by itself, such as where its files are.)
pub async fn describe(url: &str) -> anyhow::Result<String> {
    let mut connection = PgConnection::connect(url).await?;
    let version: String = sqlx::query_scalar("select version()").fetch_one(&mut connection).await?;
    let settings: Vec<(String, String)> = sqlx::query_as(
        "select name, current_setting(name) from pg_settings \
         where source not in ('default', 'override', 'client', 'session') and name <> 'unix_socket_directories' \
         or name = 'data_checksums' order by name",
    )
    .fetch_all(&mut connection)
    .await?;
    connection.close().await?;
    let mut text = format!(
        "{version}. Its settings that are not PostgreSQL's own defaults:\n\n| setting | |\n|---|---|\n"
    );
    for (name, value) in settings {
        let _ = writeln!(text, "| {name} | {value} |");
    }
    Ok(text)
}
