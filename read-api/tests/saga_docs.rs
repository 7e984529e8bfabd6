//! The table and the picture in docs/saga.md are made from the steps themselves. `AGRODEEP_UPDATE_CONTRACTS=1` writes them anew.

#![allow(clippy::unwrap_used)]

use std::{env, fmt::Write as _, fs, path::PathBuf};

use agrodeep_domain::{
    ProductId,
    order_fulfilment::{Circumstances, Skippable, Step, Undo},
};
use agrodeep_read_api::saga::diagram::{Diagram, svg};
use uuid::Uuid;

const BEGIN: &str = "<!-- steps -->\n";
const END: &str = "<!-- end of steps -->";

fn docs(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("docs").join(name)
}

fn check(name: &str, expected: &str) {
    if env::var("AGRODEEP_UPDATE_CONTRACTS").is_ok_and(|value| value == "1") {
        fs::write(docs(name), expected).unwrap();
    }
    let found = fs::read_to_string(docs(name)).unwrap_or_default();
    assert!(
        found == expected,
        "docs/{name} is out of date: AGRODEEP_UPDATE_CONTRACTS=1 cargo test --test saga_docs"
    );
}

fn undo(step: Step, paid: bool, timed_out: bool) -> Undo {
    step.undone_by(Circumstances { paid, timed_out })
}

/// What undoes a step, in words.
fn undone(step: Step) -> String {
    let usual = match undo(step, false, false) {
        Undo::By(undo) => format!("`{}`", undo.name()),
        Undo::Never(why) => return format!("never: {why}"),
    };
    let mut words = usual;
    for (circumstances, when) in
        [((true, false), "once it is paid"), ((false, true), "when nobody paid in time")]
    {
        let (paid, timed_out) = circumstances;
        match (undo(step, false, false), undo(step, paid, timed_out)) {
            (usual, other) if usual == other => {}
            (_, Undo::By(other)) => {
                let _ = write!(words, "; `{}` {when}", other.name());
            }
            (_, Undo::Never(why)) => {
                let _ = write!(words, "; {when} never: {why}");
            }
        }
    }
    words
}

fn table() -> String {
    let mut table = "| step | undone by | may a person skip it? |\n|---|---|---|\n".to_owned();
    for step in Step::all(ProductId::from_uuid(Uuid::nil())) {
        let skipped = match step.skippable() {
            Skippable::Yes(what) => format!("**yes**: {what}"),
            Skippable::OnceRefunded(why) => format!("once the provider has told of the refund: {why}"),
            Skippable::No(why) => format!("no: {why}"),
        };
        let _ = writeln!(table, "| `{}` | {} | {skipped} |", step.name(), undone(step));
    }
    table
}

#[test]
fn the_table_of_the_steps_is_that_of_the_program() {
    let text = fs::read_to_string(docs("saga.md")).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    check("saga.md", &format!("{before}{BEGIN}{}{END}{after}", table()));
}

#[test]
fn the_picture_of_the_protocol_is_that_of_the_program() {
    check("saga.svg", &svg(&Diagram::of_protocol()));
}
