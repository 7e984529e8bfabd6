//! What `agrodeep up` says when it is up.

use std::time::Duration;

use agrodeep_domain::Role;

use crate::{
    data_dir::DataDir,
    demo,
    terminal::{say, say_table},
};

/// Where the APIs are, for people and programs on this machine.
pub struct Urls {
    /// The write API.
    pub write: String,
    /// The read API.
    pub read: String,
}

/// Says where everything is, and what to try.
pub fn show(urls: &Urls, data_dir: &DataDir, payments: &str, with_demo: bool, took: Duration) {
    let Urls { write, read } = urls;
    say(format!(
        "AgroDeep is up, after {:.1} s. Its data is in {}\n",
        took.as_secs_f64(),
        data_dir.path().display()
    ));
    say(format!("  write API   {write}   to try it: {write}/docs"));
    say(format!("  read API    {read}   to try it: {read}/docs"));
    say(format!("  payments    {payments}\n"));
    if with_demo {
        say(format!("Demo accounts, all with the password {}", demo::PASSWORD));
        let rows: Vec<_> = Role::ALL.iter().map(|role| [role.to_string(), demo::email(role)]).collect();
        say_table("  ", &rows);
        say("\nSign in as the buyer and look for tomatoes:");
        say(format!("  {}\n", search(urls)));
        say("Walk through orders, payments and deliveries, in another terminal:");
        say(format!("  agrodeep tour --write {write} --read {read}\n"));
    } else {
        say("Make the first admin, in another terminal:");
        say("  agrodeep accounts create --role admin --email you@example.org\n");
    }
    say("Ctrl-C stops it.");
}

/// One line for a shell that has curl and sed.
fn search(urls: &Urls) -> String {
    let Urls { write, read } = urls;
    let sign_in = format!(
        r#"curl -s {write}/v1/auth/login -H 'Content-Type: application/json' -d '{{"email":"{}","password":"{}"}}' | sed 's/.*"access_token":"\([^"]*\)".*/\1/'"#,
        demo::email(Role::Buyer),
        demo::PASSWORD,
    );
    format!(r#"curl -s "{read}/v1/products/search?q=tomates" -H "Authorization: Bearer $({sign_in})""#)
}
